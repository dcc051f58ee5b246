package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where everything is kept.
 *
 * <pre>
 * root/id                                    who the store is
 * root/base/VALUE-RANDOM                     what tokens count from
 * root/replicas/ID                           a living replica (ephemeral)
 * root/locks/BUCKET/NAME                     the record: of the grant, the closing, the last token
 * root/locks/BUCKET/NAME/busy                there while nobody may simply take the lock
 * root/locks/BUCKET/NAME/busy/s-…, t-…       the one state in force, by a name that is never reused
 * root/locks/BUCKET/NAME/busy/w-…-SEQUENCE   a replica in line (ephemeral, sequential)
 * root/marks/BUCKET/NAME                     a resource's fence mark
 * </pre>
 *
 * @param root an absolute path without a slash at its end
 */
public record ZookeeperSchema(String root) {
  /** Begins the name of a state that is not a turn. */
  public static final String STATE_PREFIX = "s-";

  /** Begins the name of a state that is one replica's turn; the name of its queue node follows. */
  public static final String TURN_PREFIX = "t-";

  /** Begins the name of a place in line. */
  public static final String QUEUE_NODE_PREFIX = "w-";

  public String id() {
    return root + "/id";
  }

  public String base() {
    return root + "/base";
  }

  public String base(String child) {
    return base() + "/" + child;
  }

  public String replicas() {
    return root + "/replicas";
  }

  String replica(ReplicaId id) {
    return replicas() + "/" + id.value();
  }

  public String lockBucket(int bucket) {
    return root + "/locks/" + bucketName(bucket);
  }

  public String lock(LockName lock) {
    return lockBucket(NodeName.bucket(lock.value())) + "/" + NodeName.encode(lock.value());
  }

  public String busy(LockName lock) {
    return lock(lock) + "/busy";
  }

  public String inBusy(LockName lock, String child) {
    return busy(lock) + "/" + child;
  }

  public String markBucket(int bucket) {
    return root + "/marks/" + bucketName(bucket);
  }

  public String mark(ResourceName resource) {
    return markBucket(NodeName.bucket(resource.value())) + "/" + NodeName.encode(resource.value());
  }

  /** The root and those above it, the uppermost first. */
  public List<String> rootAndAbove() {
    List<String> paths = new ArrayList<>();
    for (int end = root.indexOf('/', 1); end > 0; end = root.indexOf('/', end + 1)) {
      paths.add(root.substring(0, end));
    }
    paths.add(root);
    return paths;
  }

  /** What stands right below the root, parents first, without buckets. */
  public List<String> trunks() {
    return List.of(base(), replicas(), root + "/locks", root + "/marks");
  }

  private static String bucketName(int bucket) {
    return String.format(Locale.ROOT, "%02x", bucket);
  }
}
