package dev.fencepost.sample;

import dev.fencepost.spring.FencepostLock;
import org.springframework.stereotype.Service;

@Service
class FailingService {
  @FencepostLock(name = "taken")
  public int run() {
    return 1;
  }
}
