package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisRequest;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.RequestGate;
import dev.fencepost.backend.redis.connection.TimeoutSweeper;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Runs scripts and commands, each within the call timeout. Attempts, owners' calls, reads and the
 * search for lost state have a gate each: a renewal never waits behind an attempt, and lost state
 * is noticed in time under any load. Safe for use by many threads.
 */
public final class ScriptRunner {
  /** For scripts that are not bound to one run of Redis. */
  private static final int ANY_BUCKET = 0;

  private final RedisConnections connections;
  private final BucketStates buckets;
  private final RedisSchema schema;
  private final TokenFloors memory;
  private final RequestGate attemptGate;
  private final RequestGate ownerGate;
  private final RequestGate otherGate;
  private final RequestGate settlementGate;

  public ScriptRunner(
      RedisConnections connections,
      RedisSettings settings,
      TokenFloors memory,
      TimeoutSweeper timeouts,
      NettyChannels channels) {
    this.connections = connections;
    this.schema = new RedisSchema(settings.keyPrefix());
    this.memory = memory;
    this.buckets = new BucketStates(connections, settings.keyPrefix(), schema, memory);
    this.attemptGate =
        new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::reconnectAll);
    this.ownerGate =
        new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::reconnectAll);
    this.otherGate =
        new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::reconnectAll);
    this.settlementGate =
        new RequestGate(RedisSchema.BUCKETS, RedisSchema.BUCKETS, timeouts, channels::reconnectAll);
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

  /** Runs a script for a claim that wants a lock. */
  public <T> CompletionStage<T> runForAttempt(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> parse) {
    return attemptGate.submit(
        new ScriptRequest<>(bucket, script, ScriptOutputType.VALUE, arguments, parse));
  }

  /** Runs a script for an owner, or for a replica that leaves a queue. */
  public <T> CompletionStage<T> runForOwner(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> parse) {
    return ownerGate.submit(
        new ScriptRequest<>(bucket, script, ScriptOutputType.VALUE, arguments, parse));
  }

  /** Runs a script for many owners. */
  public <T> CompletionStage<T> runForOwners(
      int bucket,
      LuaScript script,
      ScriptTexts.Arguments arguments,
      Function<List<byte[]>, T> parse) {
    return ownerGate.submit(
        new ScriptRequest<>(bucket, script, ScriptOutputType.MULTI, arguments, parse));
  }

  /** Runs a script for any other call. */
  public <T> CompletionStage<T> runOther(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> parse) {
    return otherGate.submit(
        new ScriptRequest<>(bucket, script, ScriptOutputType.VALUE, arguments, parse));
  }

  /** Runs a script for any other call, with a reply of several parts. */
  public <T> CompletionStage<T> runOtherMulti(
      LuaScript script, ScriptTexts.Arguments arguments, Function<List<byte[]>, T> parse) {
    return otherGate.submit(
        new ScriptRequest<>(ANY_BUCKET, script, ScriptOutputType.MULTI, arguments, parse));
  }

  /** Reads which run serves a bucket and whether it lost state. */
  public CompletionStage<BucketStates.Settlement> settle(int bucket) {
    return settlementGate.submit(
        new RedisRequest<BucketStates.Settlement, BucketStates.Settlement>() {
          @Override
          public CompletionStage<BucketStates.Settlement> send(boolean withText) {
            return buckets.settle(bucket);
          }

          @Override
          public BucketStates.Settlement parse(BucketStates.Settlement reply) {
            return reply;
          }
        });
  }

  /** Sends one of Redis' own commands. */
  public <R, T> CompletionStage<T> sendCommand(
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> parse) {
    return otherGate.submit(
        new RedisRequest<R, T>() {
          @Override
          public CompletionStage<R> send(boolean withText) {
            return command.apply(connections.commands());
          }

          @Override
          public T parse(R reply) {
            return parse.apply(reply);
          }
        });
  }

  /** Sends one of Redis' own commands to one of the masters. */
  public <R, T> CompletionStage<T> sendCommandTo(
      String master,
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> parse) {
    return otherGate.submit(
        new RedisRequest<R, T>() {
          @Override
          public CompletionStage<R> send(boolean withText) {
            return connections.master(master).thenCompose(command);
          }

          @Override
          public T parse(R reply) {
            return parse.apply(reply);
          }
        });
  }

  public void close() {
    attemptGate.close();
    ownerGate.close();
    otherGate.close();
    settlementGate.close();
  }

  private final class ScriptRequest<R, T> implements RedisRequest<R, T> {
    private final int bucket;
    private final LuaScript script;
    private final ScriptOutputType type;
    private final ScriptTexts.Arguments arguments;
    private final Function<R, T> parse;

    ScriptRequest(
        int bucket,
        LuaScript script,
        ScriptOutputType type,
        ScriptTexts.Arguments arguments,
        Function<R, T> parse) {
      this.bucket = bucket;
      this.script = script;
      this.type = type;
      this.arguments = arguments;
      this.parse = parse;
    }

    /** Settles the bucket first if Redis does not know a bound script: another run may serve it. */
    @Override
    public CompletionStage<R> send(boolean withText) {
      if (!withText) {
        return invalidateIfUnreachable(
            buckets.scripts(bucket).runByDigest(connections.commands(), script, type, arguments));
      }
      return script.isBoundToRun()
          ? buckets.settle(bucket).thenCompose(settled -> sendWhole(settled.scripts()))
          : sendWhole(buckets.unboundScripts());
    }

    @Override
    public T parse(R reply) {
      return parse.apply(reply);
    }

    private CompletionStage<R> sendWhole(ScriptTexts scripts) {
      return invalidateIfUnreachable(
          scripts.runByText(connections.commands(), script, type, arguments));
    }

    /** Invalidates the bucket's state if the server failed: another one may serve it next. */
    private CompletionStage<R> invalidateIfUnreachable(CompletionStage<R> sent) {
      return sent.whenComplete(
          (reply, error) -> {
            if (error != null && RedisErrors.isUnreachable(error)) {
              buckets.invalidate(bucket);
            }
          });
    }
  }
}
