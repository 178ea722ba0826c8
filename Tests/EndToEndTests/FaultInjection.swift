import Foundation
import Testing

/// A library that makes a program's calls on files fail, wait or be its last; see `Faults/faults.c`.
struct FaultInjection {
  /// What happens to a call.
  enum Action: CustomStringConvertible {
    /// The process is killed before it.
    case kill
    /// It fails.
    case error(Int32)
    /// It waits.
    case sleep(microseconds: Int)

    var description: String {
      switch self {
      case .kill: "kill"
      case .error(let number): "errno=\(number)"
      case .sleep(let microseconds): "sleep=\(microseconds)"
      }
    }
  }

  private let library: String

  /// Compiles the library, or finds it, in a folder.
  init(in folder: String) throws { library = try Self.compile("faults", in: folder) }

  /// Compiles a library of `Faults`, or finds it, in a folder; returns its path.
  static func compile(_ name: String, in folder: String) throws -> String {
    let library = "\(folder)/\(name).so"
    guard !FileManager.default.fileExists(atPath: library) else { return library }
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Faults/\(name).c").path
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = ["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0, "cc (g++'s package has it) on \(source)")
    return library
  }

  /// The environment in which calls of a program, on paths with `part` in them, are subject to an action.
  ///
  /// - Parameters:
  ///   - calls: the first is 1, over all threads of a process.
  ///   - rank: the one rank it happens to; nil for all.
  ///   - log: a file that gets a line a call.
  func environment(
    _ action: Action, calls: ClosedRange<Int>, on part: String, rank: Int? = nil,
    log: String? = nil
  ) -> [String: String] {
    [
      "LD_PRELOAD": library,
      "AVER_FAULTS": "\(part) \(action) \(calls.lowerBound) \(calls.upperBound)",
      "AVER_FAULTS_RANK": rank.map(String.init),
      "AVER_FAULTS_LOG": log,
    ].compactMapValues { $0 }
  }
}

/// How thorough tests of random interruptions are: a number a test, in continuous integration a small one.
enum Thoroughness {
  /// Whether everything is tried (`make soak`).
  static let isFull = ProcessInfo.processInfo.environment["AVER_SOAK"] == "1"

  /// Some of the numbers, drawn anew each time, or all.
  static func some(_ count: Int, of numbers: ClosedRange<Int>) -> [Int] {
    isFull ? Array(numbers) : Array(numbers.shuffled().prefix(count)).sorted()
  }
}
