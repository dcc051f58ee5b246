package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.backend.zookeeper.client.ZookeeperSettings.Security;
import dev.fencepost.lock.tls.StoreTls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the connection to the ensemble with Curator. Curator creates a new client with a new
 * session after a session ended, and also after a whole session timeout without contact. The
 * listener runs on the client's thread, so events and answers keep their order.
 */
public final class ZookeeperConnections implements AutoCloseable {

  /** Runs on the client's thread and must not block. */
  public interface ConnectionListener {
    /** A client has connected or reconnected. */
    void onConnected(ZookeeperClient client);

    /** A client has lost its connection, for a moment or for ever. */
    void onDisconnected(ZookeeperClient client);

    /** The ensemble has refused our credentials. */
    void onAuthenticationRefused();
  }

  private static final String KEY_STORE = "zookeeper.ssl.keyStore.location";
  private static final String MAX_ANSWER_BYTES = Integer.toString(32 << 20);

  private final CuratorFramework curator;
  private final ConnectionListener listener;
  private final Security security;
  private final Duration connectTimeout;
  private final String servers;
  private final Optional<ClientKeyStore> keyStore;

  public ZookeeperConnections(ZookeeperSettings settings, ConnectionListener listener) {
    this.listener = listener;
    this.security = settings.security();
    // Half, so that opening, which has one call timeout, still reaches a second server.
    this.connectTimeout = settings.callTimeout().dividedBy(2);
    this.servers = settings.servers();
    this.keyStore = security.tls().map(ClientKeyStore::new);
    int session = Math.toIntExact(settings.sessionTimeout().toMillis());
    CuratorFrameworkFactory.Builder builder =
        CuratorFrameworkFactory.builder()
            .connectString(settings.servers())
            .ensembleTracker(false)
            .sessionTimeoutMs(session)
            .connectionTimeoutMs(session)
            .retryPolicy(new RetryOneTime(1))
            .dontUseContainerParents()
            .zookeeperFactory(
                (servers, timeout, watcher, canBeReadOnly) -> newClient(servers, timeout, watcher));
    this.curator = builder.build();
  }

  /** Starts to connect and resolves the servers' addresses. */
  public void start() {
    curator.start();
  }

  /**
   * Explains why no server agrees on TLS; empty if one does, or for another reason. Blocks.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if the files cannot be used
   */
  public Optional<String> findTlsFault() {
    return security
        .tls()
        .flatMap(
            tls ->
                new TlsHandshakeProbe(tls, connectTimeout)
                    .findFault(new ConnectStringParser(servers).getServerAddresses()));
  }

  /** Returns the access rights of the nodes that we create. */
  public static List<ACL> acl(ZookeeperSettings settings) {
    return settings.security().hasIdentity()
        ? ZooDefs.Ids.CREATOR_ALL_ACL
        : ZooDefs.Ids.OPEN_ACL_UNSAFE;
  }

  @Override
  public void close() {
    curator.close();
    keyStore.ifPresent(ClientKeyStore::close);
  }

  private ZooKeeper newClient(String addresses, int timeout, Watcher watcher) {
    EventRelay relay = new EventRelay(watcher);
    try {
      ZookeeperClient client =
          new ZookeeperClient(addresses, timeout, connectTimeout, serverName(), relay, config());
      security
          .digest()
          .ifPresent(
              digest -> client.addAuthInfo("digest", digest.getBytes(StandardCharsets.UTF_8)));
      relay.attach(client);
      return client;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The name that the certificates of all servers have; empty for each one's own host. */
  private Optional<String> serverName() {
    return security.tls().flatMap(StoreTls::serverName);
  }

  private ZKClientConfig config() {
    ZKClientConfig config =
        keyStore.map(ZookeeperConnections::pemConfig).orElseGet(ZKClientConfig::new);
    config.setProperty("jute.maxbuffer", MAX_ANSWER_BYTES);
    config.setProperty(
        ZKClientConfig.ENABLE_CLIENT_SASL_KEY,
        Boolean.toString(security.saslSection().isPresent()));
    security
        .saslSection()
        .ifPresent(section -> config.setProperty(ZKClientConfig.LOGIN_CONTEXT_NAME_KEY, section));
    security.keyStores().forEach(config::setProperty);
    if (!security.keyStores().isEmpty() || security.tls().isPresent()) {
      config.setProperty("zookeeper.client.secure", "true");
      config.setProperty(
          "zookeeper.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty");
    }
    security
        .tls()
        .flatMap(tls -> tls.files().authorities())
        .ifPresent(
            file -> {
              config.setProperty("zookeeper.ssl.trustStore.location", file.toString());
              config.setProperty("zookeeper.ssl.trustStore.type", "PEM");
            });
    return config;
  }

  /** ZooKeeper's client asks for the key store before each connection. */
  private static ZKClientConfig pemConfig(ClientKeyStore keyStore) {
    ZKClientConfig config =
        new ZKClientConfig() {
          @Override
          public String getProperty(String key, String otherwise) {
            return key.equals(KEY_STORE) ? keyStore.refresh() : super.getProperty(key, otherwise);
          }
        };
    config.setProperty("zookeeper.ssl.keyStore.type", "PKCS12");
    config.setProperty("zookeeper.ssl.keyStore.password", keyStore.password());
    return config;
  }

  /** Passes a client's events to our listener first, then to Curator. */
  private final class EventRelay implements Watcher {
    private final Watcher next;
    private @Nullable ZookeeperClient client;
    private boolean connectedEarly;

    EventRelay(Watcher next) {
      this.next = next;
    }

    /** Attaches the client. Its first event may arrive before this call. */
    synchronized void attach(ZookeeperClient created) {
      client = created;
      if (connectedEarly) {
        listener.onConnected(created);
      }
    }

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.None) {
        notifyListener(event.getState());
      }
      next.process(event);
    }

    private synchronized void notifyListener(Event.KeeperState state) {
      ZookeeperClient known = client;
      switch (state) {
        case SyncConnected, SaslAuthenticated -> {
          if (known != null) {
            listener.onConnected(known);
          } else {
            connectedEarly = true;
          }
        }
        case Disconnected, Expired, Closed, ConnectedReadOnly -> {
          connectedEarly = false;
          if (known != null) {
            listener.onDisconnected(known);
          }
        }
        case AuthFailed -> listener.onAuthenticationRefused();
        default -> {}
      }
    }
  }
}
