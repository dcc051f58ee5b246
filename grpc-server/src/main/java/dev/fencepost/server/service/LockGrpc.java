package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.QueuedLockView;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.ListQuery;
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
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;

/** {@code fencepost.v1.LockService} over a coordinator. */
final class LockGrpc extends LockServiceGrpc.LockServiceImplBase {
  private static final int USUAL_PAGE = 100;

  private final LockCoordinator coordinator;
  private final ServiceSettings settings;
  private final Requests requests;
  private final Answers answers;
  private final Acquires acquires;
  private final Renewals renewals;
  private final Releases releases;
  private final ServerDescription description;
  private final WatchStreams watches;

  LockGrpc(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    this.coordinator = coordinator;
    this.settings = settings;
    this.requests = new Requests(settings.policy());
    this.answers = answers;
    this.acquires = new Acquires(coordinator, settings, answers, held);
    this.renewals = new Renewals(coordinator, settings, answers, held);
    this.releases = new Releases(coordinator, settings.metrics(), held);
    this.description = new ServerDescription(settings);
    this.watches = new WatchStreams(coordinator, settings, answers);
  }

  @Override
  public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> call) {
    acquires.start(request, (ServerCallStreamObserver<AcquireResponse>) call);
  }

  @Override
  public void renew(RenewRequest request, StreamObserver<RenewResponse> call) {
    answers.answer(
        call,
        () ->
            renewals.renew(
                requests.grant(request.getGrant(), "grant."),
                HeldGrants.Keeper.caller(Peer.current().client())),
        ToWire::renewal);
  }

  @Override
  public void batchRenew(BatchRenewRequest request, StreamObserver<BatchRenewResponse> call) {
    answers.answer(call, () -> renewals.renewAll(request, requests), response -> response);
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> call) {
    answers.answer(call, () -> releases.release(requests.release(request)), ToWire::release);
  }

  @Override
  public void getLock(GetLockRequest request, StreamObserver<GetLockResponse> call) {
    answers.<QueuedLockView, GetLockResponse>answer(
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
    answers.answer(call, coordinator::info, description::of);
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
}
