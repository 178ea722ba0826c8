import Foundation

/// What another program did.
struct CommandOutcome: Equatable, Sendable {
  /// Its exit status, or 128 and the signal that ended it.
  var status: Int32
  /// What it printed.
  var output: String
  /// What it said on its standard error.
  var errors: String
}

/// Runs other programs to their end.
struct ExternalCommand: Sendable {
  /// How long one may take; schedulers' own programs wait for minutes where their server is away.
  var patience = Duration.seconds(120)

  /// Runs a program that is looked for in PATH; its arguments go to it as they are, by no shell.
  ///
  /// - Throws: `LaunchError.cannotStart` where there is none; one that takes too long is killed, and counts
  ///   as ended by that signal.
  func run(_ words: [String]) throws -> CommandOutcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    // Files, not pipes: nobody has to empty them while the program runs.
    let (output, errors) = (try TemporaryFile(), try TemporaryFile())
    (process.standardOutput, process.standardError) = (output.handle, errors.handle)
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw LaunchError.cannotStart(program: words[0], reason: error.localizedDescription)
    }
    let end = ContinuousClock.now + patience
    while process.isRunning, ContinuousClock.now < end { usleep(5_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let base: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    // env's own status for a program that there is none of.
    if base == 0, process.terminationStatus == 127 {
      throw LaunchError.cannotStart(program: words[0], reason: "it is in no folder of PATH")
    }
    return CommandOutcome(
      status: base + process.terminationStatus, output: try output.text(),
      errors: try errors.text())
  }
}

/// A file that has no name any more.
private struct TemporaryFile {
  let handle: FileHandle

  init() throws {
    var path = Array("\(NSTemporaryDirectory())aver-launch.XXXXXX".utf8CString)
    let file = mkstemp(&path)
    guard file >= 0 else {
      throw LaunchError.system(call: "mkstemp", reason: String(cString: strerror(errno)))
    }
    unlink(path)
    handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
  }

  func text() throws -> String {
    try handle.seek(toOffset: 0)
    return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
  }
}
