package dev.fencepost.acceptance.watching;

import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** A watch that reads only what it asks for. Remembers the newest state of each lock. */
final class RecordingWatcher extends ClientCall.Listener<WatchLocksResponse> {

  private final ClientCall<WatchLocksRequest, WatchLocksResponse> call;
  private final Map<String, Lock> newest = new ConcurrentHashMap<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong changes = new AtomicLong();
  private volatile boolean synced;

  private RecordingWatcher(ManagedChannel channel) {
    this.call = channel.newCall(LockServiceGrpc.getWatchLocksMethod(), CallOptions.DEFAULT);
  }

  /** Begins to watch; nothing is read yet. */
  static RecordingWatcher of(ManagedChannel channel, Collection<String> locks) {
    RecordingWatcher watcher = new RecordingWatcher(channel);
    watcher.call.start(watcher, new Metadata());
    watcher.call.sendMessage(WatchLocksRequest.newBuilder().addAllNames(locks).build());
    watcher.call.halfClose();
    return watcher;
  }

  /** Reads from now on whatever comes. */
  void read() {
    call.request(Integer.MAX_VALUE);
  }

  /** Whether the first picture is complete. */
  boolean isSynced() {
    return synced;
  }

  /** The newest state that was read of a lock. */
  Lock newest(String lock) {
    return newest.getOrDefault(lock, Lock.getDefaultInstance());
  }

  /** Tokens that went back, and an end that nobody asked for. */
  List<String> faults() {
    return List.copyOf(faults);
  }

  /** How much was read, in bytes of messages. */
  long bytes() {
    return bytes.get();
  }

  /** How many states were read. */
  long changes() {
    return changes.get();
  }

  @Override
  public void onMessage(WatchLocksResponse message) {
    bytes.addAndGet(message.getSerializedSize());
    for (LockChange change : message.getChangesList()) {
      changes.incrementAndGet();
      Lock lock = change.getLock();
      Lock before = newest.put(lock.getName(), lock);
      if (before != null && before.getLastToken() > lock.getLastToken()) {
        faults.add("from " + before.getLastToken() + " back to " + lock.getLastToken());
      }
    }
    synced = synced || message.getSynced();
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    faults.add("ended with " + status);
  }
}
