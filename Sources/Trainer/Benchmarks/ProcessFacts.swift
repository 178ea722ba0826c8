import Foundation

/// What the kernel knows about this process.
enum ProcessFacts {
  /// The largest resident set so far.
  static func peakMemoryMebibytes() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    // Linux counts in KiB.
    return Double(usage.ru_maxrss) / 1024
  }

  /// Processor time of all threads so far, in user and system mode.
  static func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(microseconds) * 1e-6
  }

  /// Seconds since the process was started, to a hundredth; 0 where the kernel does not tell.
  static func secondsSinceStart() -> Double {
    guard let status = ProcessStatus(of: getpid()) else { return 0 }
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    let start = Double(status.startTicks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9 - start
  }
}
