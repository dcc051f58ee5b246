package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * The paths of all nodes.
 *
 * <pre>
 * root/id                                    the store's id
 * root/base/VALUE-RANDOM                     the number that tokens are counted from
 * root/replicas/ID                           a living replica (ephemeral)
 * root/locks/BUCKET/NAME                     the lock's record: grant, closing, turn or last token
 * root/locks/BUCKET/NAME/busy                exists while the lock cannot simply be acquired
 * root/locks/BUCKET/NAME/busy/s-…, t-…       the current state; its name is never used again
 * root/locks/BUCKET/NAME/busy/w-…-SEQUENCE   a queued replica (ephemeral, sequential)
 * root/marks/BUCKET/NAME                     a resource's fence mark
 * </pre>
 *
 * @param root an absolute path without a trailing slash
 */
public record ZookeeperSchema(String root) {
  /** Prefix of a state that is not a turn. */
  public static final String STATE_PREFIX = "s-";

  /** Prefix of a state that is one replica's turn. The name of its queue node follows. */
  public static final String TURN_PREFIX = "t-";

  /** Prefix of a queue node. */
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

  /** Returns the lock that this node of a bucket belongs to; empty if it is no lock's node. */
  public Optional<LockName> lockAt(int bucket, String node) {
    return valid(LockName::new, bucket, node);
  }

  public String markBucket(int bucket) {
    return root + "/marks/" + bucketName(bucket);
  }

  public String mark(ResourceName resource) {
    return markBucket(NodeName.bucket(resource.value())) + "/" + NodeName.encode(resource.value());
  }

  /** True if this node of a bucket is a resource's fence mark. */
  public boolean isMark(int bucket, String node) {
    return valid(ResourceName::new, bucket, node).isPresent();
  }

  /** Returns the root and its ancestors, the uppermost first. */
  public List<String> rootAndAbove() {
    List<String> paths = new ArrayList<>();
    for (int end = root.indexOf('/', 1); end > 0; end = root.indexOf('/', end + 1)) {
      paths.add(root.substring(0, end));
    }
    paths.add(root);
    return paths;
  }

  /** Returns the nodes right below the root, parents first, without buckets. */
  public List<String> trunks() {
    return List.of(base(), replicas(), root + "/locks", root + "/marks");
  }

  private static <T> Optional<T> valid(Function<String, T> type, int bucket, String node) {
    try {
      return NodeName.decode(node).filter(name -> NodeName.bucket(name) == bucket).map(type);
    } catch (InvalidValueException e) {
      return Optional.empty();
    }
  }

  private static String bucketName(int bucket) {
    return String.format(Locale.ROOT, "%02x", bucket);
  }
}
