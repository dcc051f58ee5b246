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
 * The store as everything else here asks it: attempts, what owners want, reads, and the search for
 * lost state have gates of their own, so that a renewal never waits behind an attempt, and lost
 * state is seen in time whatever is asked. Safe for use by many threads.
 */
public final class ScriptRunner {
  /** For scripts that are for every run of Redis. */
  private static final int ANY_BUCKET = 0;

  private final RedisConnections connections;
  private final BucketStates buckets;
  private final RedisSchema schema;
  private final TokenMemory memory;
  private final RequestGate attempts;
  private final RequestGate owners;
  private final RequestGate others;
  private final RequestGate settlements;

  public ScriptRunner(
      RedisConnections connections,
      RedisSettings settings,
      TokenMemory memory,
      TimeoutSweeper timeouts,
      NettyChannels channels) {
    this.connections = connections;
    this.schema = new RedisSchema(settings.keyPrefix());
    this.memory = memory;
    this.buckets = new BucketStates(connections, settings.keyPrefix(), schema, memory);
    this.attempts =
        new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::renew);
    this.owners = new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::renew);
    this.others = new RequestGate(settings.inFlight(), settings.queue(), timeouts, channels::renew);
    this.settlements =
        new RequestGate(RedisSchema.BUCKETS, RedisSchema.BUCKETS, timeouts, channels::renew);
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

  public TokenMemory memory() {
    return memory;
  }

  /** Runs a script for somebody who wants a lock. */
  public <T> CompletionStage<T> acquire(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> read) {
    return attempts.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for an owner, or one who leaves. */
  public <T> CompletionStage<T> change(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> read) {
    return owners.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for many owners. */
  public <T> CompletionStage<T> changeMany(
      int bucket,
      LuaScript script,
      ScriptTexts.Arguments arguments,
      Function<List<byte[]>, T> read) {
    return owners.ask(new Run<>(bucket, script, ScriptOutputType.MULTI, arguments, read));
  }

  /** Runs a script for anything else. */
  public <T> CompletionStage<T> other(
      int bucket, LuaScript script, ScriptTexts.Arguments arguments, Function<byte[], T> read) {
    return others.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for anything else that has several answers. */
  public <T> CompletionStage<T> otherMany(
      LuaScript script, ScriptTexts.Arguments arguments, Function<List<byte[]>, T> read) {
    return others.ask(new Run<>(ANY_BUCKET, script, ScriptOutputType.MULTI, arguments, read));
  }

  /** Sees who serves a bucket and what it lacks. */
  public CompletionStage<BucketStates.Settled> settle(int bucket) {
    return settlements.ask(
        new RedisRequest<BucketStates.Settled, BucketStates.Settled>() {
          @Override
          public CompletionStage<BucketStates.Settled> send(boolean whole) {
            return buckets.settle(bucket);
          }

          @Override
          public BucketStates.Settled read(BucketStates.Settled reply) {
            return reply;
          }
        });
  }

  /** Sends a command of Redis' own. */
  public <R, T> CompletionStage<T> command(
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> read) {
    return others.ask(
        new RedisRequest<R, T>() {
          @Override
          public CompletionStage<R> send(boolean whole) {
            return command.apply(connections.store());
          }

          @Override
          public T read(R reply) {
            return read.apply(reply);
          }
        });
  }

  /** Sends a command to one of the masters. */
  public <R, T> CompletionStage<T> commandAt(
      String master,
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> read) {
    return others.ask(
        new RedisRequest<R, T>() {
          @Override
          public CompletionStage<R> send(boolean whole) {
            return connections.master(master).thenCompose(command);
          }

          @Override
          public T read(R reply) {
            return read.apply(reply);
          }
        });
  }

  public void close() {
    attempts.close();
    owners.close();
    others.close();
    settlements.close();
  }

  private final class Run<R, T> implements RedisRequest<R, T> {
    private final int bucket;
    private final LuaScript script;
    private final ScriptOutputType type;
    private final ScriptTexts.Arguments arguments;
    private final Function<R, T> read;

    Run(
        int bucket,
        LuaScript script,
        ScriptOutputType type,
        ScriptTexts.Arguments arguments,
        Function<R, T> read) {
      this.bucket = bucket;
      this.script = script;
      this.type = type;
      this.arguments = arguments;
      this.read = read;
    }

    /** A run that does not know the script may be another than the one it was for. */
    @Override
    public CompletionStage<R> send(boolean whole) {
      if (!whole) {
        return doubting(buckets.scripts(bucket).run(connections.store(), script, type, arguments));
      }
      return script.isForOneRun()
          ? buckets.settle(bucket).thenCompose(settled -> sendWhole(settled.scripts()))
          : sendWhole(buckets.scripts());
    }

    @Override
    public T read(R reply) {
      return read.apply(reply);
    }

    private CompletionStage<R> sendWhole(ScriptTexts scripts) {
      return doubting(scripts.runWhole(connections.store(), script, type, arguments));
    }

    /** Where a connection broke, or a server refuses to serve, another one may be next. */
    private CompletionStage<R> doubting(CompletionStage<R> sent) {
      return sent.whenComplete(
          (reply, error) -> {
            if (error != null && RedisErrors.isUnreachable(error)) {
              buckets.doubt(bucket);
            }
          });
    }
  }
}
