package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import java.nio.charset.StandardCharsets;

/**
 * The keys of one store, all below its prefix. Names stand in them byte for byte, behind a word
 * that no other kind of key has, so that no two can meet.
 */
final class EtcdSchema {
  private final ByteString locks;
  private final ByteString lines;
  private final ByteString marks;
  private final ByteString replicas;
  private final ByteString base;
  private final ByteString storeId;

  EtcdSchema(String prefix) {
    locks = ByteString.copyFromUtf8(prefix + "/lock/");
    lines = ByteString.copyFromUtf8(prefix + "/line/");
    marks = ByteString.copyFromUtf8(prefix + "/mark/");
    replicas = ByteString.copyFromUtf8(prefix + "/replica/");
    base = ByteString.copyFromUtf8(prefix + "/base");
    storeId = ByteString.copyFromUtf8(prefix + "/id");
  }

  /** Where a lock's record is. */
  ByteString lock(LockName name) {
    return locks.concat(ByteString.copyFrom(name.utf8()));
  }

  /** Where the line of replicas with waiters is. */
  ByteString line(LockName name) {
    return lines.concat(ByteString.copyFrom(name.utf8()));
  }

  ByteString mark(ResourceName name) {
    return marks.concat(ByteString.copyFrom(name.utf8()));
  }

  ByteString replica(ReplicaId id) {
    return replicas.concat(ByteString.copyFromUtf8(id.value()));
  }

  /** What all keys of replicas begin with. */
  ByteString replicas() {
    return replicas;
  }

  /** The records of the locks whose names begin so. */
  ByteString locksFrom(String text) {
    return locks.concat(ByteString.copyFromUtf8(text));
  }

  /** The lines of the locks whose names begin so. */
  ByteString linesFrom(String text) {
    return lines.concat(ByteString.copyFromUtf8(text));
  }

  /** From what all tokens count. */
  ByteString base() {
    return base;
  }

  ByteString storeId() {
    return storeId;
  }

  LockName nameOfLock(ByteString key) {
    return new LockName(key.substring(locks.size()).toString(StandardCharsets.UTF_8));
  }

  LockName nameOfLine(ByteString key) {
    return new LockName(key.substring(lines.size()).toString(StandardCharsets.UTF_8));
  }

  /** The first key behind all that begin so. */
  static ByteString endOf(ByteString prefix) {
    byte[] end = prefix.toByteArray();
    int last = end.length - 1;
    while (end[last] == (byte) 0xff) {
      last--;
    }
    end[last]++;
    return ByteString.copyFrom(end, 0, last + 1);
  }

  /** The first key behind this one. */
  static ByteString after(ByteString key) {
    return key.concat(ByteString.copyFrom(new byte[1]));
  }
}
