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
UNKNOWN = {
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
}


class TooLate(Exception):
    """A grant came so late that it must not be used, and could not be renewed."""


class Fencepost:
    """Makes locks; safe for use by many threads."""

    def __init__(self, target, owner=None, channel=None):
        self._channel = channel or grpc.insecure_channel(target, options=[("grpc.keepalive_time_ms", 30_000)])
        self.locks = lock_pb2_grpc.LockServiceStub(self._channel)
        self._fences = fencing_pb2_grpc.FencingServiceStub(self._channel)
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
                answer = self.locks.Acquire(request, timeout=slice_ + SLACK)
                if answer.HasField("granted"):
                    return Lock(self, claim_id, answer.granted, sent, on_lost)
                if _since(begun) >= wait:
                    return None
                failures = 0
            except (grpc.RpcError, TooLate) as error:
                settled = isinstance(error, grpc.RpcError) and error.code() not in UNKNOWN
                if settled or _since(begun) > wait + SLACK:
                    self._give_up(name, claim_id)
                    raise
                time.sleep(_backoff(failures))
                failures += 1

    def _give_up(self, name, claim_id):
        # Awaited: gRPC cancels a call of whose answer nobody keeps hold, perhaps before it was sent.
        try:
            self.locks.Release(lock_pb2.ReleaseRequest(name=name, claim_id=claim_id), timeout=TRY, wait_for_ready=True)
        except grpc.RpcError:
            pass  # the lease ends whatever the claim may have

    def advance(self, resource, token):
        """For resources without a fence: whether the token passed, and raised, the resource's mark."""
        request = fencing_pb2.AdvanceTokenRequest(resource=resource, fencing_token=token)
        outcome = self._fences.AdvanceToken(request, timeout=TRY).outcome
        return outcome in (fencing_pb2.ADVANCE_OUTCOME_ADVANCED, fencing_pb2.ADVANCE_OUTCOME_UNCHANGED)

    def close(self):
        self._channel.close()


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
                outcome = self._client.locks.Release(request, timeout=TRY).outcome
                return lock_pb2.ReleaseOutcome.Name(outcome).replace("RELEASE_OUTCOME_", "")
            except grpc.RpcError:
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
            except grpc.RpcError:
                pause, failures = _backoff(failures), failures + 1

    def _renew(self):
        sent = _now()
        # No longer than the lease may still be used, so that its end is never missed.
        budget = min(TRY, self._ttl / 4, max(0.05, self.remaining))
        answer = self._client.locks.Renew(lock_pb2.RenewRequest(grant=self._ref), timeout=budget)
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
    return duration.seconds + duration.nanos / 1e9
