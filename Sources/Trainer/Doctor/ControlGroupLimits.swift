/// The limits of the control group that a process runs in: a container's or a batch job's.
public struct ControlGroupLimits: Codable, Equatable, Sendable {
  /// Processor time, in cores; nil when unlimited.
  public var cores: Double?
  /// Memory, in bytes; nil when unlimited.
  public var memoryBytes: Int64?

  /// Limits from their values; nil is none.
  public init(cores: Double? = nil, memoryBytes: Int64? = nil) {
    self.cores = cores
    self.memoryBytes = memoryBytes
  }

  /// Reads the limits of this process, of both versions of control groups.
  ///
  /// A group's limit also holds for the groups in it, so the tightest one on the way up counts.
  ///
  /// - Source: Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
  init(read: (String) -> String?) {
    for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",").map(String.init)
      for folder in Self.ancestors(of: String(fields[2])) {
        if controllers.isEmpty {
          tighten(cores: Self.coresV2(read("/sys/fs/cgroup\(folder)/cpu.max")))
          tighten(memoryBytes: Self.bytes(read("/sys/fs/cgroup\(folder)/memory.max")))
        }
        if controllers.contains("cpu") {
          let base = "/sys/fs/cgroup/cpu\(folder)/cpu.cfs_"
          let quota = read(base + "quota_us")
          tighten(cores: Self.cores(quota: quota, period: read(base + "period_us")))
        }
        if controllers.contains("memory") {
          let file = "/sys/fs/cgroup/memory\(folder)/memory.limit_in_bytes"
          tighten(memoryBytes: Self.bytes(read(file)))
        }
      }
    }
  }

  private mutating func tighten(cores limit: Double?) {
    cores = [cores, limit].compactMap { $0 }.min()
  }

  private mutating func tighten(memoryBytes limit: Int64?) {
    memoryBytes = [memoryBytes, limit].compactMap { $0 }.min()
  }

  /// "/a/b" gives "/a/b", "/a" and "": the group's folder and those around it.
  private static func ancestors(of path: String) -> [String] {
    let parts = path.split(separator: "/")
    return (0...parts.count).reversed().map { count in
      parts.prefix(count).map { "/\($0)" }.joined()
    }
  }

  private static func coresV2(_ text: String?) -> Double? {
    let fields = (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    return fields.count == 2 ? cores(quota: fields[0], period: fields[1]) : nil
  }

  private static func cores(quota: String?, period: String?) -> Double? {
    guard let quota = number(quota), let period = number(period), quota > 0, period > 0 else {
      return nil
    }
    return Double(quota) / Double(period)
  }

  /// Version 1 writes "no limit" as the largest multiple of a page, version 2 as "max".
  private static func bytes(_ text: String?) -> Int64? {
    number(text).flatMap { $0 < Int64.max / 2 ? $0 : nil }
  }

  private static func number(_ text: String?) -> Int64? {
    text.flatMap { Int64($0.filter { !$0.isWhitespace }) }
  }
}
