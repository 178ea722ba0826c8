import Foundation
import Testing

/// What a command did.
struct Outcome {
  var status: Int32
  var output: String
  var errors: String

  /// The lines that are the command's own, without what mpirun says about its end.
  var ownErrors: String {
    errors.components(separatedBy: "--------------------------------------------------------")[0]
  }
}

/// What the system tells about a thread.
struct ThreadFacts {
  var name: String
  var niceness: Int

  /// - Parameter line: of proc(5)'s `/proc/pid/task/tid/stat`; the name stands in parentheses.
  init?(_ line: String) {
    guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"),
      // The 17th field behind the name.
      let niceness = Int(line[close...].split(separator: " ")[17])
    else { return nil }
    name = String(line[line.index(after: open)..<close])
    self.niceness = niceness
  }
}

/// A command under way.
final class RunningCommand {
  private let process = Process()
  private let outputs: [URL]

  /// Starts an executable of this package, on `ranks` ranks where that is given.
  ///
  /// - Parameter output: a device that takes the standard output instead of the outcome.
  init(
    _ name: String, ranks: Int? = nil, environment: [String: String] = [:], output: String? = nil,
    _ arguments: [String], in folder: String
  ) throws {
    let executable = try Executables.path(of: name)
    let command = ranks.map { ["mpirun", "-n", "\($0)", executable] } ?? [executable]
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(Executables.openMPI) { $1 }
      .merging(environment) { $1 }
    // Files, not pipes: nobody has to empty them while the command runs.
    outputs = try ["out", "err"].map { kind in
      let url = URL(fileURLWithPath: "\(folder)/\(UUID().uuidString).\(kind)")
      try Data().write(to: url)
      return url
    }
    process.standardOutput = try FileHandle(
      forWritingTo: output.map { URL(fileURLWithPath: $0) } ?? outputs[0])
    process.standardError = try FileHandle(forWritingTo: outputs[1])
    try Self.withoutBlockedSignals { try process.run() }
  }

  /// Tests run on threads that block signals, and a process inherits what is blocked.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  /// Waits for the end.
  func wait() throws -> Outcome {
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: try String(contentsOf: outputs[0], encoding: .utf8),
      errors: try String(contentsOf: outputs[1], encoding: .utf8))
  }

  /// Waits until something holds while the command is under way.
  func wait(until holds: () throws -> Bool) throws {
    while try !holds() {
      try #require(isRunning, "the command ended too early")
      usleep(2_000)
    }
  }

  var isRunning: Bool { process.isRunning }
  /// The process's number.
  var identifier: Int32 { process.processIdentifier }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// The ranks: what mpirun has started, or the command itself.
  func ranks() throws -> [Int32] { try Self.children(of: process.processIdentifier) }

  /// The ranks of an aver-launch, and their mpirun; nil where there are none at the moment.
  func launched() -> (mpirun: Int32, ranks: [Int32])? {
    guard let mpirun = try? Self.children(of: process.processIdentifier).first,
      let ranks = try? Self.children(of: mpirun), !ranks.isEmpty
    else { return nil }
    return (mpirun, ranks)
  }

  /// Whether a process is there and has not ended.
  static func isThere(_ process: Int32) -> Bool {
    let line = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    // The state stands behind the name, in parentheses; nobody may have asked for a zombie's status.
    let state = line.split(separator: ")").last?.split(separator: " ").first
    return state != nil && state != "Z"
  }

  private static func children(of process: Int32) throws -> [Int32] {
    let children = try String(
      contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return children.split(separator: " ").compactMap { Int32($0) }
  }

  /// The threads of a process.
  func threads(of process: Int32) throws -> [ThreadFacts] {
    let folder = "/proc/\(process)/task"
    return try FileManager.default.contentsOfDirectory(atPath: folder).map { thread in
      let line = try String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
      return try #require(ThreadFacts(line))
    }
  }
}

/// Where the executables of this package are, and what they need.
enum Executables {
  /// Open MPI refuses root, and more ranks than cores, unless told otherwise.
  static let openMPI = [
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
  ]

  struct Missing: Error, CustomStringConvertible {
    var path: String
    var description: String {
      "\(path) is not there: build it, or name its folder in AVER_EXECUTABLES"
    }
  }

  /// An executable in `AVER_EXECUTABLES`, or beside this test bundle.
  static func path(of name: String) throws -> String {
    let folder =
      try ProcessInfo.processInfo.environment["AVER_EXECUTABLES"]
      ?? (FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString)
      .deletingLastPathComponent
    let path = URL(fileURLWithPath: folder).appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(path: path) }
    return path
  }
}
