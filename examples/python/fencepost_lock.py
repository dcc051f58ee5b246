"""A lock of Fencepost over the plain stubs. Copy it; docs/clients.md says why each line is there."""

import os
import random
import secrets
import socket
import threading
import time

import grpc
from google.protobuf.duration_pb2 import Duration

# Made by protoc with its grpc_python plugin from lock-proto/src/main/proto.
from fencepost.v1 import fencing_pb2, fencing_pb2_grpc, lock_pb2, lock_pb2_grpc

SLICE = 20.0  # seconds: the longest wait of one call
SLACK = 5.0  # how much longer than its wait a call may take, and how long an unknown outcome is settled
TRY = 2.0  # the longest renewal or release
CONNECT = 2.0  # the longest time for a connection: a stopped server accepts one and never speaks
UNKNOWN = {
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
}


class TooLate(Exception):
    """A grant came so late that it must not be used, and could not be renewed."""


class NoConnection(Exception):
    """A server did not answer to a connection: the call was not sent."""


class Fencepost:
    """Makes locks; safe for use by many threads."""

    def __init__(self, targets, owner=None, connect=None):
        """targets: one server or several, "h1:7420,h2:7420"; each of them serves every lock."""
        self.servers = Servers(targets.split(","), connect or _connect)
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}"

    def acquire(self, name, ttl=None, wait=0.0, on_lost=lambda reason: None):
        """A Lock, or None if it was not granted within `wait` seconds. on_lost(reason) is called once, if ever."""
        claim_id = secrets.token_urlsafe(16)  # one for all tries, so that they are one claim
        begun, calls, failures = _now(), 0, 0
        while True:
            slice_ = max(0.0, min(wait - _since(begun), SLICE))
            request = lock_pb2.AcquireRequest(name=name, claim_id=claim_id, wait=_duration(slice_), owner=self._owner)
            if ttl:
                request.ttl.CopyFrom(_duration(ttl))
            if calls:
                request.waited.CopyFrom(_duration(_since(begun)))  # keeps the place in line
            calls, sent = calls + 1, _now()
            try:
                answer = self.servers.ask("Acquire", request, slice_ + SLACK / self.servers.count)
                if answer.HasField("granted"):
                    return Lock(self, claim_id, answer.granted, sent, on_lost)
                # Withdrawn: somebody ended this claim, and its id is used up.
                if _since(begun) >= wait or answer.not_granted.reason == lock_pb2.NOT_GRANTED_REASON_WITHDRAWN:
                    return None
                failures = 0
            except (grpc.RpcError, NoConnection, TooLate) as error:
                settled = isinstance(error, grpc.RpcError) and error.code() not in UNKNOWN
                if settled or _since(begun) > wait + SLACK:
                    self._give_up(name, claim_id)
                    raise
                is_full = isinstance(error, grpc.RpcError) and error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                time.sleep(1.0 if is_full else _backoff(failures))
                failures += 1

    def _give_up(self, name, claim_id):
        # If nobody hears it, the lease ends whatever the claim may have.
        self.servers.tell("Release", lock_pb2.ReleaseRequest(name=name, claim_id=claim_id), TRY)

    def advance(self, resource, token):
        """For resources without a fence: whether the token passed, and raised, the resource's mark."""
        request = fencing_pb2.AdvanceTokenRequest(resource=resource, fencing_token=token)
        outcome = self.servers.ask("AdvanceToken", request, TRY).outcome
        return outcome in (fencing_pb2.ADVANCE_OUTCOME_ADVANCED, fencing_pb2.ADVANCE_OUTCOME_UNCHANGED)

    def close(self):
        self.servers.close()


class _Server:
    """One server and the connection to it; `former` is the one before, on which calls may be under way."""

    def __init__(self, target, connect):
        self._target, self._connect, self.former = target, connect, None
        self.open()

    def open(self):
        self.channel = self._connect(self._target)
        locks, fences = lock_pb2_grpc.LockServiceStub(self.channel), fencing_pb2_grpc.FencingServiceStub(self.channel)
        self.stubs = {
            "Acquire": locks.Acquire, "Renew": locks.Renew, "Release": locks.Release, "AdvanceToken": fences.AdvanceToken}


class Servers:
    """Several servers, of which one is asked. One that fails or is silent is left for the next, and connected to anew."""

    def __init__(self, targets, connect):
        self._mutex, self._at = threading.Lock(), 0
        self._servers = [_Server(target, connect) for target in targets]
        self.count = len(self._servers)

    def ask(self, method, request, budget):
        with self._mutex:
            server = self._servers[self._at]
            channel, stub = server.channel, server.stubs[method]
        begun = time.monotonic()
        try:
            if not _connected(channel, min(CONNECT, budget)):
                raise NoConnection()
            return stub(request, timeout=max(0.01, budget - (time.monotonic() - begun)))
        except NoConnection:
            self._leave(server, channel, keep=False)
            raise
        except grpc.RpcError as error:
            if error.code() in UNKNOWN:
                # Silence: the connection may be dead without anybody's word.
                silent = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
                self._leave(server, channel if silent else None, keep=True)
            raise

    def tell(self, method, request, budget):
        """To every server that may know something, over every connection that may still carry it; awaits the answers."""
        with self._mutex:
            stubs = [server.stubs[method] for server in self._servers]
            stubs += [server.former[1][method] for server in self._servers if server.former]
        # Kept and awaited: gRPC cancels a call of whose answer nobody keeps hold, perhaps before it was sent.
        calls = [stub.future(request, timeout=budget, wait_for_ready=True) for stub in stubs]
        for call in calls:
            try:
                call.exception()
            except grpc.FutureCancelledError:
                pass

    def _leave(self, server, channel, keep):
        unused = None
        with self._mutex:
            if self._servers[self._at] is server:
                self._at = (self._at + 1) % len(self._servers)
            if channel is not None and server.channel is channel:
                former = (server.channel, server.stubs)
                unused, server.former = (server.former, former) if keep else (former, server.former)
                server.open()
        if unused:
            unused[0].close()

    def close(self):
        with self._mutex:
            for server in self._servers:
                server.channel.close()
                if server.former:
                    server.former[0].close()


class Lock:
    """A grant that renews itself on a thread of its own; `token` goes with every write."""

    def __init__(self, client, claim_id, grant, sent, on_lost):
        self._client, self._on_lost, self._ended = client, lambda reason: None, threading.Event()
        self._ref = lock_pb2.GrantRef(name=grant.name, claim_id=claim_id, fencing_token=grant.fencing_token)
        self.token = grant.fencing_token
        self._count(grant, sent)
        # A grant that came late is of no use before a renewal that comes in time.
        if _since(sent) > self._ttl / 4 and not self._renew():
            raise TooLate(grant.name)
        self._on_lost = on_lost
        threading.Thread(target=self._keep, name=f"renew {grant.name}", daemon=True).start()

    @property
    def held(self):
        """Computed from the clock at each call: after a pause it is right at once."""
        return not self._ended.is_set() and self.remaining > 0

    @property
    def remaining(self):
        """Seconds for which the lock may be used without another renewal."""
        return self._valid_for - _since(self._sent)

    def release(self):
        """Gives the lock back: RELEASED, NOT_HELD or, if no server could be asked in time, UNKNOWN."""
        self._ended.set()
        request = lock_pb2.ReleaseRequest(
            name=self._ref.name, claim_id=self._ref.claim_id, fencing_token=self.token)
        failures = 0
        while _since(self._sent) < self._ttl:
            try:
                outcome = self._client.servers.ask("Release", request, TRY).outcome
                return lock_pb2.ReleaseOutcome.Name(outcome).replace("RELEASE_OUTCOME_", "")
            except (grpc.RpcError, NoConnection):
                time.sleep(_backoff(failures))
                failures += 1
        return "UNKNOWN"

    def _count(self, grant, sent):
        self._sent, self._ttl = sent, _seconds(grant.ttl)
        self._valid_for, self._renew_after = _seconds(grant.valid_for), _seconds(grant.renew_after)

    def _keep(self):
        failures, pause = 0, self._renew_after - _since(self._sent)
        while not self._ended.wait(max(0.0, min(pause, self.remaining))):
            if not self.held:
                return self._lose("EXPIRED")
            try:
                failures = 0 if self._renew() else failures + 1
                pause = _backoff(failures) if failures else self._renew_after - _since(self._sent)
            except (grpc.RpcError, NoConnection):
                pause, failures = _backoff(failures), failures + 1

    def _renew(self):
        sent = _now()
        # No longer than the lease may still be used, so that its end is never missed.
        budget = min(TRY, self._ttl / 4, max(0.05, self.remaining))
        answer = self._client.servers.ask("Renew", lock_pb2.RenewRequest(grant=self._ref), budget)
        if answer.HasField("lost"):
            self._lose(lock_pb2.LossReason.Name(answer.lost.reason).replace("LOSS_REASON_", ""))
        if not answer.HasField("renewed") or _since(sent) > self._ttl / 4:
            return False  # what came too late does not count
        self._count(answer.renewed, sent)
        return True

    def _lose(self, reason):
        if not self._ended.is_set():
            self._ended.set()
            self._on_lost(reason)


def _connect(target):
    # A pool of its own: a new channel makes a new connection, and does not share the one that is silent.
    return grpc.insecure_channel(
        target, options=[("grpc.keepalive_time_ms", 30_000), ("grpc.use_local_subchannel_pool", 1)])


def _connected(channel, limit):
    """True when a call would be sent, or refused, at once."""
    decided = threading.Event()

    def seen(state):
        if state in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE):
            decided.set()

    channel.subscribe(seen, try_to_connect=True)
    try:
        return decided.wait(limit)
    finally:
        channel.unsubscribe(seen)


def _now():
    # The monotonic clock may stop while a machine sleeps; the other one may only shorten what it says.
    return time.monotonic(), time.time()


def _since(then):
    return max(time.monotonic() - then[0], time.time() - then[1])


def _backoff(failures):
    return random.uniform(0, min(1.0, 0.025 * 2**failures))  # full jitter


def _duration(seconds):
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1_000_000_000))


def _seconds(duration):
    seconds = duration.seconds + duration.nanos / 1e9
    if not seconds > 0:
        raise ValueError(f"not a duration of a grant: {duration!r}")
    return seconds
