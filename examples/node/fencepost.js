'use strict';
// A lock of Fencepost over the plain stubs. Copy it; docs/clients.md says why each line is there.

const crypto = require('node:crypto');
const os = require('node:os');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const SLICE_MS = 20_000; // longest wait of one call
const SLACK_MS = 5_000; // how much longer than its wait a call may take, and how long an unknown outcome is settled
const TRY_MS = 2_000; // longest renewal or release
const CONNECT_MS = 2_000; // longest time for a connection: a stopped server accepts one and never speaks
const UNKNOWN = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.RESOURCE_EXHAUSTED,
  grpc.status.CANCELLED, grpc.status.INTERNAL, grpc.status.UNKNOWN];

const duration = (ms) => ({ seconds: String(Math.floor(ms / 1000)), nanos: Math.floor((ms % 1000) * 1e6) });
const millis = (value) => {
  // A loader without `defaults: true` leaves out zeros: 15 s have no nanos then. NaN would be a lease without an end.
  const ms = Number(value?.seconds ?? 0) * 1000 + Number(value?.nanos ?? 0) / 1e6;
  if (!(ms > 0)) throw new Error(`not a duration of a grant: ${JSON.stringify(value)}`);
  return ms;
};
// The monotonic clock may stop while a machine sleeps; the other one may only shorten what it says.
const now = () => ({ monotonic: performance.now(), wall: Date.now() });
const since = (then) => Math.max(performance.now() - then.monotonic, Date.now() - then.wall);
const backoff = (failures) => Math.random() * Math.min(1_000, 25 * 2 ** failures); // full jitter
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Fencepost {
  /** targets: one server or several, 'h1:7420,h2:7420'; each of them serves every lock. */
  constructor(targets, { protos, credentials = grpc.credentials.createInsecure(), owner = `${os.hostname()}:${process.pid}` }) {
    // longs: String, since a number of JavaScript cannot tell two neighbouring tokens apart.
    const types = loader.loadSync(['fencepost/v1/lock.proto', 'fencepost/v1/fencing.proto'],
      { includeDirs: [protos], longs: String, enums: String, defaults: true, oneofs: true });
    const { LockService, FencingService } = grpc.loadPackageDefinition(types).fencepost.v1;
    // A pool of its own: a new client makes a new connection, and does not share the one that is silent.
    const options = { 'grpc.keepalive_time_ms': 30_000, 'grpc.use_local_subchannel_pool': 1 };
    this.servers = new Servers(targets.split(','), (target) => {
      const locks = new LockService(target, credentials, options);
      return { locks, fences: new FencingService(target, credentials, { channelOverride: locks.getChannel() }) };
    });
    this.owner = owner;
  }

  /** A Lock, or null if it was not granted within waitMs. onLost(reason) is called once, if ever. */
  async acquire(name, { ttlMs, waitMs = 0, onLost = () => {} } = {}) {
    const claimId = crypto.randomBytes(16).toString('base64url'); // one for all tries, so that they are one claim
    const begun = now();
    for (let calls = 0, failures = 0; ; calls++) {
      const wait = Math.max(0, Math.min(waitMs - since(begun), SLICE_MS));
      const request = { name, claimId, wait: duration(wait), owner: this.owner };
      if (ttlMs) request.ttl = duration(ttlMs);
      if (calls > 0) request.waited = duration(since(begun)); // keeps the place in line
      const sent = now();
      try {
        const { granted, notGranted } = await this.servers.ask('locks', 'acquire', request, wait + SLACK_MS / this.servers.seats.length);
        if (granted) return await new Lock(this, claimId, granted, sent).begin(onLost);
        // Withdrawn: somebody ended this claim, and its id is used up.
        if (since(begun) >= waitMs || notGranted?.reason === 'NOT_GRANTED_REASON_WITHDRAWN') return null;
        failures = 0;
      } catch (error) {
        if (!UNKNOWN.includes(error.code) || since(begun) > waitMs + SLACK_MS) {
          await this.servers.tell('locks', 'release', { name, claimId }, TRY_MS); // else the lease ends it
          throw error;
        }
        await pause(error.code === grpc.status.RESOURCE_EXHAUSTED ? 1_000 : backoff(failures++));
      }
    }
  }

  /** For resources without a fence of their own: whether the token passed, and raised, the resource's mark. */
  async advance(resource, token) {
    const { outcome } = await this.servers.ask('fences', 'advanceToken', { resource, fencingToken: token }, TRY_MS);
    return outcome === 'ADVANCE_OUTCOME_ADVANCED' || outcome === 'ADVANCE_OUTCOME_UNCHANGED';
  }

  close() {
    this.servers.close();
  }
}

/** Several servers, of which one is asked. One that fails or is silent is left for the next, and connected to anew. */
class Servers {
  constructor(targets, connect) {
    Object.assign(this, { connect, at: 0, seats: targets.map((target) => ({ target, client: connect(target) })) });
  }

  async ask(service, method, request, budgetMs) {
    const seat = this.seats[this.at];
    const { client } = seat;
    const asked = performance.now();
    try {
      await connected(client.locks, Math.min(CONNECT_MS, budgetMs));
      return await call(client[service], method, request, budgetMs - (performance.now() - asked));
    } catch (error) {
      if (UNKNOWN.includes(error.code)) this.leave(seat, client, error);
      throw error;
    }
  }

  /** To every server that may know something, over every connection that may still carry it. */
  async tell(service, method, request, budgetMs) {
    const clients = this.seats.flatMap(({ client, former }) => (former ? [client, former] : [client]));
    await Promise.allSettled(clients.map((client) => call(client[service], method, request, budgetMs)));
  }

  leave(seat, client, error) {
    if (this.seats[this.at] === seat) this.at = (this.at + 1) % this.seats.length;
    if (seat.client !== client || error.code !== grpc.status.DEADLINE_EXCEEDED) return;
    // Silence: the connection may be dead without anybody's word. Other calls may still be under way on it.
    const wasConnected = !error.isUnconnected;
    (wasConnected ? seat.former : client)?.locks.close();
    if (wasConnected) seat.former = client;
    seat.client = this.connect(seat.target);
  }

  close() {
    for (const { client, former } of this.seats) {
      client.locks.close();
      former?.locks.close();
    }
  }
}

class Lock {
  constructor(client, claimId, grant, sent) {
    Object.assign(this, { client, onLost: () => {}, ended: false, failures: 0 });
    this.token = grant.fencingToken; // a string; send it with every write
    this.grant = { name: grant.name, claimId, fencingToken: grant.fencingToken };
    this.count(grant, sent);
  }

  /** Computed from the clock at each call: after a pause it is right at once. */
  isHeld() {
    return !this.ended && since(this.sent) < this.validMs;
  }

  /** Gives the lock back; answers RELEASED, NOT_HELD or, if no server could be asked in time, UNKNOWN. */
  async release() {
    this.end();
    for (let failures = 0; since(this.sent) < this.ttlMs; failures++) {
      try {
        return (await this.client.servers.ask('locks', 'release', this.grant, TRY_MS)).outcome.replace('RELEASE_OUTCOME_', '');
      } catch (error) {
        await pause(backoff(failures));
      }
    }
    return 'UNKNOWN';
  }

  /** A grant that came late is of no use before a renewal that comes in time. */
  async begin(onLost) {
    if (since(this.sent) > this.ttlMs / 4 && !(await this.renew())) {
      throw Object.assign(new Error('granted too late'), { code: grpc.status.UNAVAILABLE });
    }
    this.onLost = onLost;
    this.schedule();
    return this;
  }

  count(grant, sent) {
    Object.assign(this, { sent, ttlMs: millis(grant.ttl), validMs: millis(grant.validFor), renewMs: millis(grant.renewAfter) });
  }

  schedule(again = this.renewMs - since(this.sent)) {
    clearTimeout(this.renewal);
    clearTimeout(this.deadline);
    if (this.ended) return;
    this.renewal = setTimeout(() => this.renew().then(() => this.schedule(), () => this.schedule(backoff(this.failures++))), again);
    this.deadline = setTimeout(() => this.lose('EXPIRED'), this.validMs - since(this.sent));
  }

  async renew() {
    const sent = now();
    const { renewed, lost } = await this.client.servers.ask('locks', 'renew', { grant: this.grant }, Math.min(TRY_MS, this.ttlMs / 4));
    if (lost) this.lose(lost.reason.replace('LOSS_REASON_', ''));
    if (!renewed || this.ended || since(sent) > this.ttlMs / 4) return false; // what came too late does not count
    this.failures = 0;
    this.count(renewed, sent);
    return true;
  }

  lose(reason) {
    if (this.ended) return;
    this.end();
    this.onLost(reason);
  }

  end() {
    this.ended = true;
    clearTimeout(this.renewal);
    clearTimeout(this.deadline);
  }
}

/** Returns when a call would be sent, or refused, at once. */
async function connected(client, limitMs) {
  const deadline = Date.now() + limitMs;
  const channel = client.getChannel();
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === grpc.connectivityState.READY || state === grpc.connectivityState.TRANSIENT_FAILURE) return;
    await new Promise((resolve, reject) => {
      channel.watchConnectivityState(state, deadline, (error) => (error
        ? reject(Object.assign(new Error('no answer to the connection'), { code: grpc.status.DEADLINE_EXCEEDED, isUnconnected: true }))
        : resolve()));
    });
  }
}

function call(service, method, request, budgetMs) {
  return new Promise((resolve, reject) => {
    service[method](request, { deadline: Date.now() + budgetMs }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

module.exports = { Fencepost, Lock };
