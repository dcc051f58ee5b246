package dev.fencepost.server.service.unary;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.QueuedLockView;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.BatchRenewResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetLockResponse;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.grant.GrantClient;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.grant.ReleaseHandler;
import dev.fencepost.server.service.grant.RenewHandler;
import dev.fencepost.server.service.watch.WatchStreamRegistry;
import dev.fencepost.server.service.wire.FieldReader;
import dev.fencepost.server.service.wire.HolderRedaction;
import dev.fencepost.server.service.wire.PageTokenSeal;
import dev.fencepost.server.service.wire.RequestReader;
import dev.fencepost.server.service.wire.ResponseMapper;
import dev.fencepost.server.service.wire.ServerDescription;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Serves {@code fencepost.v1.LockService}. */
public final class LockGrpcService extends LockServiceGrpc.LockServiceImplBase {
  private static final int DEFAULT_PAGE_SIZE = 100;

  private final LockCoordinator coordinator;
  private final ServiceContext context;
  private final RequestReader requests;
  private final CallResponder responder;
  private final AcquireHandler acquires;
  private final RenewHandler renewals;
  private final ReleaseHandler releases;
  private final ServerDescription description;
  private final WatchStreamRegistry watches;
  private final PageTokenSeal pageTokens = new PageTokenSeal(new SecureRandom());

  public LockGrpcService(
      LockCoordinator coordinator,
      ServiceContext context,
      CallResponder responder,
      HeldGrants grants) {
    this.coordinator = coordinator;
    this.context = context;
    this.requests = new RequestReader(context.policy());
    this.responder = responder;
    this.acquires = new AcquireHandler(coordinator, context, responder, grants);
    this.renewals = new RenewHandler(coordinator, context, responder.statuses(), grants);
    this.releases = new ReleaseHandler(coordinator, context, grants);
    this.description = new ServerDescription(context.self(), context.version(), context.policy());
    this.watches = new WatchStreamRegistry(coordinator, context, responder);
  }

  @Override
  public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> call) {
    acquires.start(request, (ServerCallStreamObserver<AcquireResponse>) call);
  }

  @Override
  public void renew(RenewRequest request, StreamObserver<RenewResponse> call) {
    CallAccess access = CallAccess.current();
    responder.respond(
        call,
        () ->
            renewals.renew(
                access,
                requests.grant(request.getGrant(), "grant.", access.principal()),
                GrantClient.ofUnaryCall(CallerIdentity.current().client())),
        ResponseMapper::renewal);
  }

  @Override
  public void batchRenew(BatchRenewRequest request, StreamObserver<BatchRenewResponse> call) {
    responder.respond(call, () -> renewals.renewAll(request, requests), response -> response);
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> call) {
    CallAccess access = CallAccess.current();
    responder.respond(
        call,
        () ->
            releases.release(
                access,
                requests.release(request, access.principal()),
                CallerIdentity.current().client()),
        ResponseMapper::release);
  }

  @Override
  public void getLock(GetLockRequest request, StreamObserver<GetLockResponse> call) {
    responder.<QueuedLockView, GetLockResponse>respond(
        call,
        () -> {
          CallAccess.current().require(AccessOperation.INSPECT, request.getName());
          return coordinator.inspect(new LockName(request.getName()));
        },
        view -> GetLockResponse.newBuilder().setLock(ResponseMapper.lock(view, self())).build());
  }

  @Override
  public void listLocks(ListLocksRequest request, StreamObserver<ListLocksResponse> call) {
    CallAccess access = CallAccess.current();
    responder.<LockPage, ListLocksResponse>respond(
        call, () -> list(access, request), page -> toWire(page, request.getPrefix(), access));
  }

  @Override
  public void watchLocks(WatchLocksRequest request, StreamObserver<WatchLocksResponse> call) {
    try {
      CallAccess access = CallAccess.current();
      request.getNamesList().forEach(name -> access.require(AccessOperation.WATCH, name));
      watches.start(requests.watch(request), (ServerCallStreamObserver<WatchLocksResponse>) call);
    } catch (RuntimeException e) {
      responder.refuse(call, e);
    }
  }

  @Override
  public void getServerInfo(
      GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> call) {
    responder.respond(
        call,
        () -> {
          CallAccess.current().requireAnything();
          return coordinator.info();
        },
        description::of);
  }

  /** Ends the watches. The coordinator ends waiting calls. */
  public void drain() {
    watches.drain();
  }

  private ReplicaId self() {
    return context.self();
  }

  /** Refusals come before the store is asked, so that its time tells nothing. */
  private CompletionStage<LockPage> list(CallAccess access, ListLocksRequest request) {
    ListQuery query = query(request);
    return access.allowsListingBelow(request.getPrefix())
        ? coordinator.list(query)
        : CompletableFuture.completedFuture(new LockPage(List.of(), Optional.empty()));
  }

  private ListQuery query(ListLocksRequest request) {
    FieldReader fields = new FieldReader();
    fields.read("prefix", () -> prefix(request.getPrefix()));
    int size = request.getPageSize() == 0 ? DEFAULT_PAGE_SIZE : request.getPageSize();
    fields.read("page_size", () -> new ListQuery("", Optional.empty(), size));
    FieldReader.Field<Optional<Cursor>> after = fields.read("page_token", () -> after(request));
    fields.requireValid();
    return new ListQuery(request.getPrefix(), after.value(), size);
  }

  private static String prefix(String prefix) {
    return prefix.isEmpty() ? prefix : new LockName(prefix).value();
  }

  private Optional<Cursor> after(ListLocksRequest request) {
    return request.getPageToken().isEmpty()
        ? Optional.empty()
        : Optional.of(pageTokens.open(request.getPageToken(), request.getPrefix()));
  }

  private ListLocksResponse toWire(LockPage page, String prefix, CallAccess access) {
    ListLocksResponse.Builder response = ListLocksResponse.newBuilder();
    for (LockState state : page.locks()) {
      String name = state.lock().value();
      if (access.allows(AccessOperation.LIST, name)) {
        Lock lock = ResponseMapper.lock(coordinator.view(state), self());
        response.addLocks(
            access.allows(AccessOperation.INSPECT, name)
                ? lock.toBuilder().clearWaiters().build()
                : HolderRedaction.of(lock));
      }
    }
    page.next().ifPresent(next -> response.setNextPageToken(pageTokens.seal(prefix, next)));
    return response.build();
  }
}
