package dev.fencepost.backend.etcd;

import dev.fencepost.testkit.process.EtcdServer;
import java.util.Map;

/** Creates users of an etcd. */
final class EtcdUsers {

  private EtcdUsers() {}

  /**
   * Switches authentication on. The administrator is {@code root} with the password {@code r}. *
   *
   * @param prefixes the prefix that each user may read and write; the password is the first letter
   *     of the name
   */
  static void enable(EtcdServer etcd, Map<String, String> prefixes) {
    etcd.etcdctl("user", "add", "root:r");
    etcd.etcdctl("user", "grant-role", "root", "root");
    prefixes.forEach(
        (name, prefix) -> {
          etcd.etcdctl("user", "add", name + ":" + name.charAt(0));
          etcd.etcdctl("role", "add", name);
          etcd.etcdctl("role", "grant-permission", name, "readwrite", "--prefix=true", prefix);
          etcd.etcdctl("user", "grant-role", name, name);
        });
    etcd.etcdctl("auth", "enable");
  }
}
