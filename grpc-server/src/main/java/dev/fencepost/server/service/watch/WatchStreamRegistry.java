package dev.fencepost.server.service.watch;

import dev.fencepost.core.DrainingException;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.identity.CredentialException;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.AccessRefusedException;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.limit.ByteCharge;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Registry of the open watches of all clients. Thread-safe. */
public final class WatchStreamRegistry {
  private final LockCoordinator coordinator;
  private final ServiceContext context;
  private final CallResponder responder;
  private final Set<WatchStream> open = ConcurrentHashMap.newKeySet();
  private volatile boolean isDraining;

  public WatchStreamRegistry(
      LockCoordinator coordinator, ServiceContext context, CallResponder responder) {
    this.coordinator = coordinator;
    this.context = context;
    this.responder = responder;
  }

  public void start(
      Collection<LockName> names, ServerCallStreamObserver<WatchLocksResponse> observer) {
    String client = CallerIdentity.current().client();
    ByteCharge charge = ByteCharge.current();
    for (LockName name : names) {
      charge.add(ByteCharge.ofWatched(name.value().length()));
    }
    context.limits().watchedNames().take(client, names.size());
    WatchStream stream =
        new WatchStream(
            observer,
            context,
            responder,
            ended -> {
              open.remove(ended);
              context.limits().watchedNames().giveBack(client, names.size());
            });
    open.add(stream);
    stream.start(onChange -> coordinator.watch(names, onChange));
    if (isDraining) {
      stream.end(draining());
    }
    CallAccess access = CallAccess.current();
    access.onChange(() -> endIfForbidden(stream, access, names));
    endIfForbidden(stream, access, names);
  }

  /** Ends all watches, and every later one, so that their clients go to another replica. */
  public void drain() {
    isDraining = true;
    open.forEach(stream -> stream.end(draining()));
  }

  private static void endIfForbidden(
      WatchStream stream, CallAccess access, Collection<LockName> names) {
    try {
      names.forEach(name -> access.require(AccessOperation.WATCH, name.value()));
    } catch (CredentialException | AccessRefusedException e) {
      stream.end(e);
    }
  }

  private static RuntimeException draining() {
    return new DrainingException(Duration.ZERO);
  }
}
