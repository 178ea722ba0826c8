/// What the system tells of a process in `/proc`, see proc(5).
public struct ProcessStatus: Equatable, Sendable {
  /// Whether it has ended, and only its parent has not been told of it; for ever, in containers without an
  /// init.
  public let hasEnded: Bool
  /// When it was started, in ticks since the system was. Numbers of processes are given again.
  public let startTicks: Int

  /// The status of a process; nil where there is none of this number, or it is hidden.
  public init?(of process: Int32) {
    guard let bytes = try? DurableFiles.contents("/proc/\(process)/stat") else { return nil }
    self.init(line: String(decoding: bytes, as: UTF8.self))
  }

  /// Reads the line of `/proc/PID/stat`.
  init?(line: String) {
    // The name, in parentheses, may hold anything. Behind it come the third field and all others.
    let fields = line.split(separator: ")").last?.split(separator: " ")
    guard let fields, fields.count > 19, let ticks = Int(fields[19]) else { return nil }
    hasEnded = ["Z", "X"].contains(fields[0])
    startTicks = ticks
  }
}
