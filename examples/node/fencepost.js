'use strict';
// A Fencepost lock on the generated stubs. Copy this file; docs/clients.md gives the reason for each line.

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const SLICE_MS = 20_000; // longest wait of one call
const SLACK_MS = 5_000; // how long a call may take beyond its wait, and how long an unknown outcome is retried
const TRY_MS = 2_000; // longest renewal or release
const CONNECT_MS = 2_000; // longest time to connect: a stopped server accepts a connection and sends nothing
const REFRESH_MS = 1_000; // how often certificates are read again
const UNKNOWN = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.RESOURCE_EXHAUSTED,
  grpc.status.CANCELLED, grpc.status.INTERNAL, grpc.status.UNKNOWN];

const duration = (ms) => ({ seconds: String(Math.floor(ms / 1000)), nanos: Math.floor((ms % 1000) * 1e6) });
const millis = (value) => {
  // A loader without `defaults: true` omits zeros, so 15 s has no nanos. NaN would make a lease without an end.
  const ms = Number(value?.seconds ?? 0) * 1000 + Number(value?.nanos ?? 0) / 1e6;
  if (!(ms > 0)) throw new Error(`not a duration of a grant: ${JSON.stringify(value)}`);
  return ms;
};
// The monotonic clock may stop while the machine sleeps. The wall clock may only shorten the lease.
const now = () => ({ monotonic: performance.now(), wall: Date.now() });
const since = (then) => Math.max(performance.now() - then.monotonic, Date.now() - then.wall);
const backoff = (failures) => Math.random() * Math.min(1_000, 25 * 2 ** failures); // full jitter
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Fencepost {
  /**
   * targets: one server or several, 'h1:7420,h2:7420'; each serves every lock. tls: paths of PEM files, { ca } or
   * { ca, cert, key }; without it, plain text. tokenFile: a file with a token, which needs tls.
   */
  constructor(targets, { protos, tls, tokenFile, owner = `${os.hostname()}:${process.pid}` }) {
    // longs: String, because a JavaScript number cannot distinguish two neighbouring tokens.
    const types = loader.loadSync(['fencepost/v1/lock.proto', 'fencepost/v1/fencing.proto'],
      { includeDirs: [protos], longs: String, enums: String, defaults: true, oneofs: true });
    const { LockService, FencingService } = grpc.loadPackageDefinition(types).fencepost.v1;
    // A pool of its own, so that a new client makes a new connection and does not share a silent one.
    const options = { 'grpc.keepalive_time_ms': 30_000, 'grpc.use_local_subchannel_pool': 1 };
    this.servers = new Servers(targets.split(','), new TlsFiles(tls), (target, files) => {
      const credentials = credentialsOf(files, tokenFile);
      const locks = new LockService(target, credentials, options);
      return { locks, fences: new FencingService(target, credentials, { channelOverride: locks.getChannel() }) };
    });
    this.owner = owner;
  }

  /** Returns a Lock, or null if it was not granted within waitMs. onLost(reason) is called at most once. */
  async acquire(name, { ttlMs, waitMs = 0, onLost = () => {} } = {}) {
    const claimId = crypto.randomBytes(16).toString('base64url'); // the same id for all attempts makes them one claim
    const started = now();
    for (let calls = 0, failures = 0; ; calls++) {
      const wait = Math.max(0, Math.min(waitMs - since(started), SLICE_MS));
      const request = { name, claimId, wait: duration(wait), owner: this.owner };
      if (ttlMs) request.ttl = duration(ttlMs);
      if (calls > 0) request.waited = duration(since(started)); // keeps the place in the queue
      const sent = now();
      try {
        const { granted, notGranted } = await this.servers.call('locks', 'acquire', request, wait + SLACK_MS / this.servers.entries.length);
        if (granted) return await new Lock(this, claimId, granted, sent).begin(onLost);
        // Withdrawn: this claim was ended, and its id must not be used again.
        if (since(started) >= waitMs || notGranted?.reason === 'NOT_GRANTED_REASON_WITHDRAWN') return null;
        failures = 0;
      } catch (error) {
        if (!UNKNOWN.includes(error.code) || since(started) > waitMs + SLACK_MS) {
          await this.servers.callAll('locks', 'release', { name, claimId }, TRY_MS); // if this fails, the lease ends the grant
          throw error;
        }
        await pause(error.code === grpc.status.RESOURCE_EXHAUSTED ? 1_000 : backoff(failures++));
      }
    }
  }

  /** For resources without a fence: checks the token against the resource's mark, and raises the mark. */
  async advance(resource, token) {
    const { outcome } = await this.servers.call('fences', 'advanceToken', { resource, fencingToken: token }, TRY_MS);
    return outcome === 'ADVANCE_OUTCOME_ADVANCED' || outcome === 'ADVANCE_OUTCOME_UNCHANGED';
  }

  close() {
    this.servers.close();
  }
}

/** The content of the PEM files. It is read again each second; new content counts once it was read twice. */
class TlsFiles {
  constructor(tls) {
    this.paths = tls ? [tls.ca, tls.key, tls.cert] : [];
    this.content = this.read();
    Object.assign(this, { seen: this.content, readAt: performance.now() });
  }

  read() {
    return this.paths.map((path) => (path ? fs.readFileSync(path) : null));
  }

  /** Returns new content, or null. */
  poll() {
    if (this.paths.length === 0 || performance.now() - this.readAt < REFRESH_MS) return null;
    this.readAt = performance.now();
    const equal = (a, b) => a.every((each, i) => each === b[i] || each.equals(b[i]));
    try {
      const { seen } = this;
      this.seen = this.read();
      return !equal(this.seen, this.content) && equal(this.seen, seen) ? this.seen : null;
    } catch {
      return null; // somebody is just exchanging them
    }
  }
}

function credentialsOf([ca, key, cert], tokenFile) {
  if (!ca) {
    if (tokenFile) throw new Error('a token needs tls, because it is not sent in plain text');
    return grpc.credentials.createInsecure();
  }
  const channel = grpc.credentials.createSsl(ca, key, cert);
  if (!tokenFile) return channel;
  const bearer = grpc.credentials.createFromMetadataGenerator((_, done) => {
    fs.readFile(tokenFile, 'utf8', (error, text) => {
      const headers = new grpc.Metadata();
      if (!error) headers.set('authorization', `Bearer ${text.trim()}`);
      done(error, headers);
    });
  });
  return grpc.credentials.combineChannelCredentials(channel, bearer);
}

/** Calls one of several servers. After a failure or silence the next one is called, on a new connection if it was silent. */
class Servers {
  constructor(targets, files, connect) {
    const entries = targets.map((target) => ({ target, client: connect(target, files.content) }));
    Object.assign(this, { files, connect, current: 0, entries });
  }

  /** New certificates mean new connections. Calls in flight end on the old ones. */
  refresh() {
    const content = this.files.poll();
    if (!content) return;
    let clients;
    try {
      clients = this.entries.map(({ target }) => this.connect(target, content));
    } catch {
      return; // key and certificate do not fit: the ones before them stay in use
    }
    this.files.content = content;
    this.entries.forEach((entry, i) => this.replace(entry, clients[i]));
  }

  replace(entry, client) {
    entry.previous?.locks.close();
    entry.previous = entry.client;
    entry.client = client;
  }

  async call(service, method, request, budgetMs) {
    this.refresh();
    const entry = this.entries[this.current];
    const { client } = entry;
    const started = performance.now();
    try {
      await connected(client.locks, Math.min(CONNECT_MS, budgetMs));
      return await call(client[service], method, request, budgetMs - (performance.now() - started));
    } catch (error) {
      if (UNKNOWN.includes(error.code)) this.leave(entry, client, error);
      throw error;
    }
  }

  /** Sends to every server, over every connection that is still open. */
  async callAll(service, method, request, budgetMs) {
    const clients = this.entries.flatMap(({ client, previous }) => (previous ? [client, previous] : [client]));
    await Promise.allSettled(clients.map((client) => call(client[service], method, request, budgetMs)));
  }

  leave(entry, client, error) {
    if (this.entries[this.current] === entry) this.current = (this.current + 1) % this.entries.length;
    if (entry.client !== client || error.code !== grpc.status.DEADLINE_EXCEEDED) return;
    // The server was silent, so the connection may be dead. Other calls may still be in flight on it.
    const next = this.connect(entry.target, this.files.content);
    if (!error.isUnconnected) return this.replace(entry, next);
    client.locks.close();
    entry.client = next;
  }

  close() {
    for (const { client, previous } of this.entries) {
      client.locks.close();
      previous?.locks.close();
    }
  }
}

class Lock {
  constructor(client, claimId, grant, sent) {
    Object.assign(this, { client, onLost: () => {}, ended: false, failures: 0 });
    this.token = grant.fencingToken; // a string; goes with every write
    this.grant = { name: grant.name, claimId, fencingToken: grant.fencingToken };
    this.count(grant, sent);
  }

  /** Computed from the clock at each call, so it is right at once after a pause. */
  isHeld() {
    return !this.ended && since(this.sent) < this.validMs;
  }

  /** Releases the lock. Returns RELEASED, NOT_HELD or, if no server answered in time, UNKNOWN. */
  async release() {
    this.end();
    for (let failures = 0; since(this.sent) < this.ttlMs; failures++) {
      try {
        return (await this.client.servers.call('locks', 'release', this.grant, TRY_MS)).outcome.replace('RELEASE_OUTCOME_', '');
      } catch (error) {
        await pause(backoff(failures));
      }
    }
    return 'UNKNOWN';
  }

  /** A grant that arrived late must not be used before a renewal that arrives in time. */
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
    const { renewed, lost } = await this.client.servers.call('locks', 'renew', { grant: this.grant }, Math.min(TRY_MS, this.ttlMs / 4));
    if (lost) this.lose(lost.reason.replace('LOSS_REASON_', ''));
    if (!renewed || this.ended || since(sent) > this.ttlMs / 4) return false; // an answer that is too late does not extend the lease
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

/** Waits until a call would be sent, or refused, at once. */
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
