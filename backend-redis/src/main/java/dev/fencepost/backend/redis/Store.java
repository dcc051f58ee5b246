package dev.fencepost.backend.redis;

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
final class Store {
  /** For scripts that are for every run of Redis. */
  private static final int ANY_BUCKET = 0;

  private final Link link;
  private final Buckets buckets;
  private final Keys keys;
  private final Seen seen;
  private final Gate attempts;
  private final Gate owners;
  private final Gate others;
  private final Gate settlements;

  Store(Link link, RedisSettings settings, Seen seen, Deadlines deadlines, Channels channels) {
    this.link = link;
    this.keys = new Keys(settings.keyPrefix());
    this.seen = seen;
    this.buckets = new Buckets(link, settings.keyPrefix(), keys, seen);
    this.attempts = new Gate(settings.inFlight(), settings.queue(), deadlines, channels::renew);
    this.owners = new Gate(settings.inFlight(), settings.queue(), deadlines, channels::renew);
    this.others = new Gate(settings.inFlight(), settings.queue(), deadlines, channels::renew);
    this.settlements = new Gate(Keys.BUCKETS, Keys.BUCKETS, deadlines, channels::renew);
  }

  Link link() {
    return link;
  }

  Buckets buckets() {
    return buckets;
  }

  Keys keys() {
    return keys;
  }

  Seen seen() {
    return seen;
  }

  /** Runs a script for somebody who wants a lock. */
  <T> CompletionStage<T> acquire(
      int bucket, Script script, Scripts.Arguments arguments, Function<byte[], T> read) {
    return attempts.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for an owner, or one who leaves. */
  <T> CompletionStage<T> change(
      int bucket, Script script, Scripts.Arguments arguments, Function<byte[], T> read) {
    return owners.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for many owners. */
  <T> CompletionStage<T> changeMany(
      int bucket, Script script, Scripts.Arguments arguments, Function<List<byte[]>, T> read) {
    return owners.ask(new Run<>(bucket, script, ScriptOutputType.MULTI, arguments, read));
  }

  /** Runs a script for anything else. */
  <T> CompletionStage<T> other(
      int bucket, Script script, Scripts.Arguments arguments, Function<byte[], T> read) {
    return others.ask(new Run<>(bucket, script, ScriptOutputType.VALUE, arguments, read));
  }

  /** Runs a script for anything else that has several answers. */
  <T> CompletionStage<T> otherMany(
      Script script, Scripts.Arguments arguments, Function<List<byte[]>, T> read) {
    return others.ask(new Run<>(ANY_BUCKET, script, ScriptOutputType.MULTI, arguments, read));
  }

  /** Sees who serves a bucket and what it lacks. */
  CompletionStage<Buckets.Settled> settle(int bucket) {
    return settlements.ask(
        new Question<Buckets.Settled, Buckets.Settled>() {
          @Override
          public CompletionStage<Buckets.Settled> send(boolean whole) {
            return buckets.settle(bucket);
          }

          @Override
          public Buckets.Settled read(Buckets.Settled reply) {
            return reply;
          }
        });
  }

  /** Sends a command of Redis' own. */
  <R, T> CompletionStage<T> command(
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> read) {
    return others.ask(
        new Question<R, T>() {
          @Override
          public CompletionStage<R> send(boolean whole) {
            return command.apply(link.store());
          }

          @Override
          public T read(R reply) {
            return read.apply(reply);
          }
        });
  }

  /** Sends a command to one of the masters. */
  <R, T> CompletionStage<T> commandAt(
      String master,
      Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<R>> command,
      Function<R, T> read) {
    return others.ask(
        new Question<R, T>() {
          @Override
          public CompletionStage<R> send(boolean whole) {
            return link.master(master).thenCompose(command);
          }

          @Override
          public T read(R reply) {
            return read.apply(reply);
          }
        });
  }

  void close() {
    attempts.close();
    owners.close();
    others.close();
    settlements.close();
  }

  private final class Run<R, T> implements Question<R, T> {
    private final int bucket;
    private final Script script;
    private final ScriptOutputType type;
    private final Scripts.Arguments arguments;
    private final Function<R, T> read;

    Run(
        int bucket,
        Script script,
        ScriptOutputType type,
        Scripts.Arguments arguments,
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
        return doubting(buckets.scripts(bucket).run(link.store(), script, type, arguments));
      }
      return script.isForOneRun()
          ? buckets.settle(bucket).thenCompose(settled -> sendWhole(settled.scripts()))
          : sendWhole(buckets.scripts());
    }

    @Override
    public T read(R reply) {
      return read.apply(reply);
    }

    private CompletionStage<R> sendWhole(Scripts scripts) {
      return doubting(scripts.runWhole(link.store(), script, type, arguments));
    }

    /** Where a connection broke, or a server refuses to serve, another one may be next. */
    private CompletionStage<R> doubting(CompletionStage<R> sent) {
      return sent.whenComplete(
          (reply, error) -> {
            if (error != null && Trouble.isUnreachable(error)) {
              buckets.doubt(bucket);
            }
          });
    }
  }
}
