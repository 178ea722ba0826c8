import Foundation

/// Programs in Python: what other projects read of ours.
public enum PythonScript {
  /// The Python that a variable names, or `python3`, where it has a module; nil elsewhere.
  public static func interpreter(having module: String, named variable: String) -> String? {
    let named = ProcessInfo.processInfo.environment[variable] ?? "python3"
    let found = try? run(named, "import \(module)", [])
    return found?.status == 0 ? named : nil
  }

  /// Runs a script, and gives its status and what it prints.
  public static func run(
    _ python: String, _ script: String, _ arguments: [String]
  ) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
