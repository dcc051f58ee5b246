package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.junit.FencepostTest;
import dev.fencepost.junit.LockTestServer;
import dev.fencepost.spring.FencepostConnectionDetails;
import dev.fencepost.spring.FencepostLock;
import dev.fencepost.spring.FencepostLock.Otherwise;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

@FencepostTest
class ApplicationStartTest {

  @Test
  void twoInstances_runTheJobOnce(LockTestServer server) {
    try (ConfigurableApplicationContext one = start(server.target(), "sample.job=true");
        ConfigurableApplicationContext two = start(server.target(), "sample.job=true")) {
      NightlyJob first = one.getBean(NightlyJob.class);
      NightlyJob second = two.getBean(NightlyJob.class);
      await().until(() -> first.skips() + second.skips() >= 5);
      assertThat(first.runs() + second.runs()).isOne();
      first.end();
      second.end();
    }
  }

  @Test
  void endOfTheApplication_givesItsLocksBack(LockTestServer server) throws Exception {
    try (ConfigurableApplicationContext application = start(server.target())) {
      boolean isHeld =
          application.getBean(FencepostClient.class).lock("orders/1").acquire().isHeld();
      assertThat(isHeld).isTrue();
      assertThat(server.holderOf("orders/1").orElseThrow().claimant().owner()).endsWith("/sample");
    }
    assertThat(server.holderOf("orders/1")).isEmpty();
  }

  @Test
  void health_isThatOfTheServer(LockTestServer server) throws Exception {
    try (ConfigurableApplicationContext application = start(server.target())) {
      assertThat(health(application)).contains("UP").contains("store");
      server.partition();
      assertThat(health(application)).contains("DOWN");
    }
  }

  @Test
  void connectionDetails_winOverTheProperty(LockTestServer server) throws Exception {
    System.setProperty("sample.details", server.target());
    try (ConfigurableApplicationContext application =
        application("localhost:1", OtherServer.class).run()) {
      assertThat(application.getBean(FencepostClient.class).lock("a").acquire().isHeld()).isTrue();
    }
  }

  @Test
  void properties_haveMetadata() throws Exception {
    try (InputStream metadata =
        FencepostLock.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
      assertThat(new String(metadata.readAllBytes(), StandardCharsets.UTF_8))
          .contains("fencepost.target", "fencepost.call-timeout", "localhost:7420");
    }
  }

  @Test
  void springBoot_isTheOneOfTheModule() {
    String module = System.getProperty("basedir", "");
    assertThat(module).endsWith("boot" + SpringBootVersion.getVersion().charAt(0));
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        OnFinalMethod.class,
        OnPrivateMethod.class,
        OnFuture.class,
        SkippingPrimitive.class,
        UnknownParameter.class,
        UnknownMethod.class
      })
  void methodThatCannotBeLocked_isRefusedAtTheStart(Class<?> refused, LockTestServer server) {
    assertThatThrownBy(() -> application(server.target(), refused).run().close())
        .rootCause()
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("@FencepostLock on")
        .hasMessageContaining(refused.getSimpleName());
  }

  private static ConfigurableApplicationContext start(String target, String... properties) {
    return application(target).properties(properties).run();
  }

  private static SpringApplicationBuilder application(String target, Class<?>... more) {
    return new SpringApplicationBuilder(SampleApplication.class)
        .sources(more)
        .properties(
            "fencepost.target=" + target,
            "spring.application.name=sample",
            "spring.datasource.generate-unique-name=true");
  }

  /** The type is another one in each Spring Boot. */
  private static String health(ConfigurableApplicationContext application) throws Exception {
    Object indicator = application.getBean("fencepostHealthIndicator");
    Method health = indicator.getClass().getMethod("health");
    health.setAccessible(true);
    return health.invoke(indicator).toString();
  }

  /** Not found by the scan of the application: only one test wants it. */
  static class OtherServer {
    @Bean
    FencepostConnectionDetails otherServer() {
      return () -> System.getProperty("sample.details");
    }
  }

  static class OnFinalMethod {
    @FencepostLock(name = "a")
    public final void run() {}
  }

  static class OnPrivateMethod {
    @FencepostLock(name = "a")
    private void run() {}

    public void callRun() {
      run();
    }
  }

  static class OnFuture {
    @FencepostLock(name = "a")
    public CompletableFuture<String> run() {
      return CompletableFuture.completedFuture("done");
    }
  }

  static class SkippingPrimitive {
    @FencepostLock(name = "a", otherwise = Otherwise.SKIP)
    public int run() {
      return 1;
    }
  }

  static class UnknownParameter {
    @FencepostLock(name = "#{#order}")
    public void run(long orders) {}
  }

  static class UnknownMethod {
    @FencepostLock(name = "a", otherwise = Otherwise.CALL, otherwiseMethod = "none")
    public void run() {}
  }
}
