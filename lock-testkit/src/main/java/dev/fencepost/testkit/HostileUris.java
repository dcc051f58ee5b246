package dev.fencepost.testkit;

import java.util.List;

/** Store URIs with a password in places where it is easily missed. */
public final class HostileUris {

  /** The password that must never be shown. */
  public static final String SECRET = "hunter2";

  private HostileUris() {}

  /**
   * Returns URIs of one scheme; most are invalid.
   *
   * @param scheme without its colon
   */
  public static List<String> of(String scheme) {
    return List.of(
        scheme + "://user:hunter2@h:1/x",
        scheme + "://:hunter2@h:1/x",
        scheme + "://hunter2@h:1/x",
        scheme + "://user:a/hunter2@h:1/x",
        scheme + "://user:a?hunter2@h:1/x",
        scheme + "://user:a#hunter2@h:1/x",
        scheme + "://user:a@hunter2@h:1/x",
        scheme + "://user:a;hunter2@h:1/x",
        scheme + "://user:a:hunter2@h:1/x",
        scheme + "://user:a%zzhunter2@h:1/x",
        scheme + "://user:a hunter2@h:1/x",
        scheme + "://h:1,user:hunter2@h:2/x",
        scheme + "://h:1/x?password=hunter2",
        scheme + "://h:1/x?user=u&password=ab,hunter2",
        scheme + "://h:1/x?user=u&password=ab;hunter2",
        scheme + "://h:1/x?user=u&password=ab&hunter2",
        scheme + "://h:1/x?user=u&password=ab hunter2",
        scheme + "://h:1/x?user=u@corp&password=p@hunter2",
        scheme + "://h:1/x?user=u&password=%zzhunter2",
        scheme + "://h:1/x;password=hunter2",
        scheme + "://h:1/x#hunter2",
        scheme + "://h:port/x?password=hunter2",
        scheme + "://h:99999/x?password=hunter2",
        scheme + "://h:99999?password=hunter2",
        scheme + "://[::1/x?password=hunter2",
        scheme + "://?password=hunter2",
        scheme + ":user/hunter2@h:1/x",
        scheme + ":?password=hunter2",
        scheme + "//user:hunter2@h:1/x");
  }
}
