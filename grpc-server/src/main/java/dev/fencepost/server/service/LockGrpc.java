package dev.fencepost.server.service;

import dev.fencepost.core.Coordinator;
import dev.fencepost.core.LockView;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Replica.Phase;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.StoreInfo;
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
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Replica;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;

/** {@code fencepost.v1.LockService} over a coordinator. */
final class LockGrpc extends LockServiceGrpc.LockServiceImplBase {
  private static final int USUAL_PAGE = 100;

  private final Coordinator coordinator;
  private final ServiceSettings settings;
  private final Requests requests;
  private final Answers answers;
  private final Acquires acquires;
  private final Renewals renewals;
  private final WatchStreams watches;

  LockGrpc(Coordinator coordinator, ServiceSettings settings, Answers answers) {
    this.coordinator = coordinator;
    this.settings = settings;
    this.requests = new Requests(settings.policy());
    this.answers = answers;
    this.acquires = new Acquires(coordinator, settings, answers);
    this.renewals = new Renewals(coordinator, settings.metrics(), answers);
    this.watches = new WatchStreams(coordinator, settings, answers);
  }

  @Override
  public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> call) {
    acquires.start(request, (ServerCallStreamObserver<AcquireResponse>) call);
  }

  @Override
  public void renew(RenewRequest request, StreamObserver<RenewResponse> call) {
    answers.answer(
        call, () -> renewals.renew(requests.grant(request.getGrant(), "grant.")), ToWire::renewal);
  }

  @Override
  public void batchRenew(BatchRenewRequest request, StreamObserver<BatchRenewResponse> call) {
    answers.answer(call, () -> renewals.renewAll(request, requests), response -> response);
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> call) {
    answers.answer(
        call,
        () ->
            coordinator
                .release(requests.release(request))
                .whenComplete(
                    (release, failure) -> {
                      if (failure == null) {
                        settings.metrics().released(release);
                      } else {
                        settings.metrics().releaseFailed();
                      }
                    }),
        LockGrpc::toWire);
  }

  @Override
  public void getLock(GetLockRequest request, StreamObserver<GetLockResponse> call) {
    answers.<LockView, GetLockResponse>answer(
        call,
        () -> coordinator.inspect(new LockName(request.getName())),
        view -> GetLockResponse.newBuilder().setLock(ToWire.lock(view, self())).build());
  }

  @Override
  public void listLocks(ListLocksRequest request, StreamObserver<ListLocksResponse> call) {
    answers.<LockPage, ListLocksResponse>answer(
        call, () -> coordinator.list(query(request)), page -> toWire(page, request.getPrefix()));
  }

  @Override
  public void watchLocks(WatchLocksRequest request, StreamObserver<WatchLocksResponse> call) {
    try {
      watches.start(requests.watch(request), (ServerCallStreamObserver<WatchLocksResponse>) call);
    } catch (RuntimeException e) {
      answers.refuse(call, e);
    }
  }

  @Override
  public void getServerInfo(
      GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> call) {
    answers.answer(call, coordinator::info, this::toWire);
  }

  /** Ends the watches; calls that wait are ended by the coordinator. */
  void drain() {
    watches.drain();
  }

  private ReplicaId self() {
    return settings.self();
  }

  private static ListQuery query(ListLocksRequest request) {
    Fields fields = new Fields();
    fields.read("prefix", () -> prefix(request.getPrefix()));
    int size = request.getPageSize() == 0 ? USUAL_PAGE : request.getPageSize();
    fields.read("page_size", () -> new ListQuery("", Optional.empty(), size));
    Fields.Field<Optional<PageToken>> after = fields.read("page_token", () -> after(request));
    fields.requireValid();
    return new ListQuery(request.getPrefix(), after.value().map(PageToken::cursor), size);
  }

  private static String prefix(String prefix) {
    return prefix.isEmpty() ? prefix : new LockName(prefix).value();
  }

  private static Optional<PageToken> after(ListLocksRequest request) {
    return request.getPageToken().isEmpty()
        ? Optional.empty()
        : Optional.of(PageToken.decode(request.getPageToken(), request.getPrefix()));
  }

  private ListLocksResponse toWire(LockPage page, String prefix) {
    ListLocksResponse.Builder response = ListLocksResponse.newBuilder();
    page.locks()
        .forEach(
            state ->
                response.addLocks(
                    ToWire.lock(coordinator.view(state), self()).toBuilder().clearWaiters()));
    page.next().ifPresent(next -> response.setNextPageToken(new PageToken(prefix, next).encode()));
    return response.build();
  }

  private static ReleaseResponse toWire(Release release) {
    return release.fold(
        released -> response(ReleaseOutcome.RELEASE_OUTCOME_RELEASED).build(),
        withdrawn -> response(ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN).build(),
        notHeld ->
            response(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD)
                .setLossReason(ToWire.reason(notHeld.reason()))
                .build());
  }

  private static ReleaseResponse.Builder response(ReleaseOutcome outcome) {
    return ReleaseResponse.newBuilder().setOutcome(outcome);
  }

  private GetServerInfoResponse toWire(StoreInfo store) {
    GetServerInfoResponse.Builder response =
        GetServerInfoResponse.newBuilder()
            .setVersion(settings.version())
            .setReplicaId(self().value())
            .setStore(store.kind())
            .setStoreId(store.id())
            .setLimits(settings.policy().on(store.leases()));
    store
        .replicas()
        .forEach(
            replica ->
                response.addReplicas(
                    Replica.newBuilder()
                        .setReplicaId(replica.id().value())
                        .setAddress(replica.address())
                        .setDraining(replica.phase() == Phase.DRAINING)));
    return response.build();
  }
}
