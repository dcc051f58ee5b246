package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;

/**
 * The keys of one store, all below its prefix.
 *
 * <p>Names are part of the keys byte for byte. Each kind of key has a word of its own before the
 * name, so that keys of different kinds never collide.
 */
final class EtcdSchema {
  private final ByteString locks;
  private final ByteString queues;
  private final ByteString marks;
  private final ByteString replicas;
  private final ByteString tokenBase;
  private final ByteString storeId;

  EtcdSchema(String prefix) {
    locks = ByteString.copyFromUtf8(prefix + "/lock/");
    queues = ByteString.copyFromUtf8(prefix + "/line/");
    marks = ByteString.copyFromUtf8(prefix + "/mark/");
    replicas = ByteString.copyFromUtf8(prefix + "/replica/");
    tokenBase = ByteString.copyFromUtf8(prefix + "/base");
    storeId = ByteString.copyFromUtf8(prefix + "/id");
  }

  /** The key of the record under the name that has these bytes. */
  ByteString lock(ByteString name) {
    return locks.concat(name);
  }

  /** The key of the replica queue under the name that has these bytes. */
  ByteString queue(ByteString name) {
    return queues.concat(name);
  }

  /** The key of a lock's record. */
  ByteString lock(LockName name) {
    return locks.concat(ByteString.copyFrom(name.utf8()));
  }

  /** The key of a lock's replica queue. */
  ByteString queue(LockName name) {
    return queues.concat(ByteString.copyFrom(name.utf8()));
  }

  /** The key of a resource's high-water mark. */
  ByteString fenceMark(ResourceName name) {
    return marks.concat(ByteString.copyFrom(name.utf8()));
  }

  ByteString replica(ReplicaId id) {
    return replicas.concat(ByteString.copyFromUtf8(id.value()));
  }

  /** The prefix of all keys of replicas. */
  ByteString replicas() {
    return replicas;
  }

  /** The prefix of the records of all locks whose names begin with this text. */
  ByteString locksFrom(String text) {
    return locks.concat(ByteString.copyFromUtf8(text));
  }

  /** The prefix of the replica queues of all locks whose names begin with this text. */
  ByteString queuesFrom(String text) {
    return queues.concat(ByteString.copyFromUtf8(text));
  }

  /** The key of the number that tokens are counted from. */
  ByteString tokenBase() {
    return tokenBase;
  }

  ByteString storeId() {
    return storeId;
  }

  /** The bytes of the name in a record's key; not necessarily the name of a lock. */
  ByteString nameOfLock(ByteString key) {
    return key.substring(locks.size());
  }

  /** The bytes of the name in a queue's key; not necessarily the name of a lock. */
  ByteString nameOfQueue(ByteString key) {
    return key.substring(queues.size());
  }

  /** Returns the first key after all keys with this prefix. */
  static ByteString endOf(ByteString prefix) {
    byte[] end = prefix.toByteArray();
    int last = end.length - 1;
    while (end[last] == (byte) 0xff) {
      last--;
    }
    end[last]++;
    return ByteString.copyFrom(end, 0, last + 1);
  }

  /** Returns the first key after this one. */
  static ByteString after(ByteString key) {
    return key.concat(ByteString.copyFrom(new byte[1]));
  }
}
