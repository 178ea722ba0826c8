import Glibc

/// Time that only grows, the same for all processes of a host.
public enum MonotonicClock {
  /// Since some moment before the processes of the host began.
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
