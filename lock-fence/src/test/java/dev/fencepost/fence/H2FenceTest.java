package dev.fencepost.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.fence.pause.PauseTrial;
import java.sql.SQLException;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class H2FenceTest extends JdbcFenceContract {

  private static Server server;

  @BeforeAll
  static void startServer() throws SQLException {
    server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
  }

  @AfterAll
  static void stopServer() {
    server.stop();
  }

  @Override
  String url() {
    return "jdbc:h2:tcp://localhost:"
        + server.getPort()
        + "/mem:fence;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000";
  }

  @Override
  GuardTableDialect dialect() {
    return GuardTableDialect.H2;
  }

  @Override
  long waitingForRows() throws SQLException {
    return numbers(
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS"
                + " WHERE EXECUTING_STATEMENT LIKE 'INSERT INTO fence_guard%'")
        .get(0);
  }

  /** The counter-proof: without it the tests of pauses would prove nothing. */
  @Test
  void holderStoppedBetweenLookAndWrite_withoutAFence_writesLate() throws Exception {
    insertProtected();
    assertThat(PauseTrial.lateWrites("unfenced", url()))
        .isEqualTo("written " + PauseTrial.RESOURCES + " refused 0 failed 0");
    assertThat(numbers("SELECT COUNT(*) FROM protected WHERE content = 'late'"))
        .containsExactly((long) PauseTrial.RESOURCES);
  }
}
