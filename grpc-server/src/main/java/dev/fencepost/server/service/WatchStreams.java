package dev.fencepost.server.service;

import dev.fencepost.core.DrainingException;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The watches of all clients. Thread-safe. */
final class WatchStreams {
  private final LockCoordinator coordinator;
  private final ServiceSettings settings;
  private final Answers answers;
  private final Set<WatchStream> open = ConcurrentHashMap.newKeySet();
  private volatile boolean isDraining;

  WatchStreams(LockCoordinator coordinator, ServiceSettings settings, Answers answers) {
    this.coordinator = coordinator;
    this.settings = settings;
    this.answers = answers;
  }

  void start(Collection<LockName> names, ServerCallStreamObserver<WatchLocksResponse> observer) {
    String client = Peer.current().client();
    ByteCharge charge = ByteCharge.current();
    for (LockName name : names) {
      charge.add(ByteCharge.ofWatched(name.value().length()));
    }
    settings.limits().watchedNames().take(client, names.size());
    WatchStream stream =
        new WatchStream(
            observer,
            settings,
            answers,
            over -> {
              open.remove(over);
              settings.limits().watchedNames().giveBack(client, names.size());
            });
    open.add(stream);
    stream.start(onNews -> coordinator.watch(names, onNews));
    if (isDraining) {
      stream.end(draining());
    }
  }

  /** Ends all watches and every later one, so that their clients go to another replica. */
  void drain() {
    isDraining = true;
    open.forEach(stream -> stream.end(draining()));
  }

  private static RuntimeException draining() {
    return new DrainingException(Duration.ZERO);
  }
}
