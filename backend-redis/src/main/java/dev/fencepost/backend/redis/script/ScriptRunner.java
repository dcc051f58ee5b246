package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallGate;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs scripts and commands, each within the call timeout. Attempts, owners' calls, reads and the
 * search for lost state have a gate each: a release never waits behind an attempt, and lost state
 * is noticed in time under any load. Safe for use by many threads.
 */
public final class ScriptRunner {
  /** For scripts and commands that are not bound to one run of Redis. */
  private static final int ANY_BUCKET = 0;

  private final RedisConnections connections;
  private final BucketStates buckets;
  private final RedisSchema schema;
  private final TokenFloors memory;
  private final Runnable onDemotion;
  private final Duration callTimeout;
  private final CallGate attempts;
  private final CallGate owners;
  private final CallGate others;
  private final CallGate settlements;

  /**
   * Makes a runner.
   *
   * @param onDemotion runs when a server answers that it takes no writes
   */
  public ScriptRunner(
      RedisConnections connections,
      RedisSettings settings,
      TokenFloors memory,
      CallDeadlines deadlines,
      Runnable onDemotion) {
    this.connections = connections;
    this.schema = new RedisSchema(settings.keyPrefix());
    this.memory = memory;
    this.buckets = new BucketStates(connections, settings.keyPrefix(), schema, memory);
    this.onDemotion = onDemotion;
    this.callTimeout = settings.callTimeout();
    this.attempts = gate(deadlines, settings.inFlight(), settings.queue());
    this.owners = gate(deadlines, settings.inFlight(), settings.queue());
    this.others = gate(deadlines, settings.inFlight(), settings.queue());
    this.settlements = gate(deadlines, RedisSchema.BUCKETS, RedisSchema.BUCKETS);
  }

  public RedisConnections connections() {
    return connections;
  }

  public BucketStates buckets() {
    return buckets;
  }

  public RedisSchema schema() {
    return schema;
  }

  public TokenFloors memory() {
    return memory;
  }

  /** Returns the deadline of a call that begins now. */
  public CallDeadline deadline() {
    return CallDeadline.in(callTimeout);
  }

  /** Runs a script, at once or after those before it in its gate. */
  public <R, T> CompletionStage<T> run(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<R, T> parse) {
    CallDeadline deadline = deadline();
    return gateOf(script).submit(() -> send(bucket, script, arguments, parse, deadline), deadline);
  }

  /**
   * Runs a script on one key of a bucket that gives tokens or checks them.
   *
   * @param own its values beside those of {@link TokenFloors#values}
   */
  public <T> CompletionStage<T> runStep(
      int bucket, LuaScript script, byte[] key, Function<ReplyParser, T> parse, byte[]... own) {
    return run(
        bucket,
        script,
        new ScriptTexts.Arguments(schema.stepKeys(bucket, key), memory.values(bucket, own)),
        (byte[] reply) -> parse.apply(new ReplyParser(reply)));
  }

  /** Runs a script that concerns no bucket or reads only. */
  public <R, T> CompletionStage<T> run(
      LuaScript script, ScriptTexts.Arguments arguments, Function<R, T> parse) {
    return run(ANY_BUCKET, script, arguments, parse);
  }

  /**
   * Sends a script now, outside the gates: the caller bounds what is in flight. The stage completes
   * when Redis owes no answer.
   */
  public <R, T> CompletionStage<T> send(
      int bucket,
      LuaScript script,
      ScriptTexts.Arguments arguments,
      Function<R, T> parse,
      CallDeadline deadline) {
    return parsed(
        bucket,
        () ->
            buckets
                .scripts(bucket)
                .<R>runByDigest(connections.commands(), script, arguments)
                .exceptionallyCompose(
                    error ->
                        RedisErrors.isUnknownScript(error) && !deadline.isOver()
                            ? sendWhole(bucket, script, arguments)
                            : CompletableFuture.failedFuture(error)),
        parse);
  }

  /** Reads which run serves a bucket and whether it lost state. */
  public CompletionStage<BucketStates.Settlement> settle(int bucket) {
    return settlements.submit(
        () -> parsed(bucket, () -> buckets.settle(bucket), settled -> settled), deadline());
  }

  /** Sends one of Redis' own commands. */
  public <R, T> CompletionStage<T> sendCommand(
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> parse) {
    return others.submit(
        () -> parsed(ANY_BUCKET, () -> command.apply(connections.commands()), parse), deadline());
  }

  /** Sends one of Redis' own commands to one of the masters. */
  public <T> CompletionStage<T> sendCommandTo(
      String master,
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<T>> command) {
    return others.submit(
        () ->
            parsed(
                ANY_BUCKET,
                () -> connections.master(master).thenCompose(command),
                (T reply) -> reply),
        deadline());
  }

  public void close() {
    attempts.close();
    owners.close();
    others.close();
    settlements.close();
  }

  /**
   * Sends a script with its text: Redis did not know it, so nothing of it was executed. Settles the
   * bucket first if the script is bound to a run, since another run may serve it.
   */
  private <R> CompletionStage<R> sendWhole(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments) {
    return script.isBoundToRun()
        ? buckets
            .settle(bucket)
            .thenCompose(
                settled -> settled.scripts().runByText(connections.commands(), script, arguments))
        : buckets.unboundScripts().runByText(connections.commands(), script, arguments);
  }

  private <R, T> CompletionStage<T> parsed(
      int bucket, Supplier<? extends CompletionStage<R>> call, Function<R, T> parse) {
    return AsyncCalls.<R>start(call)
        .handle(
            (reply, error) -> {
              if (error != null) {
                throw failed(bucket, error);
              }
              try {
                return parse.apply(reply);
              } catch (StoreException e) {
                throw e;
              } catch (RuntimeException e) {
                throw new StoreException(Failure.STORE_ERROR, "an answer could not be read", e);
              }
            });
  }

  private CallGate gateOf(LuaScript script) {
    return switch (script) {
      case ACQUIRE -> attempts;
      case DESCRIBE, ADVANCE, ANNOUNCE -> others;
      default -> owners;
    };
  }

  private static CallGate gate(CallDeadlines deadlines, int inFlight, int capacity) {
    return new CallGate(RedisErrors.CALLS, deadlines, inFlight, capacity);
  }

  /** Invalidates the bucket's state if the server failed: another one may serve it next. */
  private RuntimeException failed(int bucket, Throwable error) {
    if (RedisErrors.isUnreachable(error)) {
      buckets.invalidate(bucket);
    }
    if (RedisErrors.isDemotion(error)) {
      onDemotion.run();
    }
    return RedisErrors.of(error);
  }
}
