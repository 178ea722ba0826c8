import Foundation
import Trainer

/// What was said about a run or a sweep, file by file.
public struct LogView {
  private let files: [String]

  /// The logs of a folder.
  ///
  /// - Parameter rank: the rank whose log it is beside the launcher's.
  /// - Throws: `LaunchError.noWork` where nothing was said there, `.noLogs` of a job that has not begun.
  public init(of path: String, rank: Int) throws {
    let own = ["launcher.log", "output.log", String(format: "rank-%04d.log", rank)]
    files =
      try Self.jobs(of: path)
      + own.map { "\(path)/logs/\($0)" }.filter(DurableFiles.exists)
    guard !files.isEmpty else {
      throw SubmissionRecord.exists(run: path) ? LaunchError.noLogs(path) : .noWork(path)
    }
  }

  /// What batch jobs of a run have printed: all that were its own, and of an array the one that it is.
  private static func jobs(of path: String) throws -> [String] {
    let own = "\(path)/submit"
    let jobs = try DurableFiles.names(in: own).sorted().filter { $0.hasSuffix(".log") }
      .map { "\(own)/\($0)" }
    guard let record = try SubmissionRecord.read(run: path), let job = record.job,
      let array = record.array.map({ "\($0)/submit" })
    else { return jobs }
    // `slurm-12_3.log`, `12[3].server.OU`
    return jobs
      + (try DurableFiles.names(in: array).sorted()
        .filter { $0 == "slurm-\(job).log" || $0.hasPrefix("\(job).") }
        .map { "\(array)/\($0)" })
  }

  /// Prints the last lines of each file and, where wanted, what comes after, until the process is ended.
  ///
  /// - Throws: `TrainerError.system`.
  public func show(lines: Int, follows: Bool) throws {
    let open = files.compactMap { file in
      FileHandle(forReadingAtPath: file).map { (name: file, handle: $0) }
    }
    for (name, handle) in open {
      let bytes = try handle.readToEnd() ?? Data()
      let parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // Behind the last line's end is nothing.
      let last = parts.suffix(lines + 1).joined(separator: [UInt8(ascii: "\n")])
      try StandardStream.output.write(
        "==> \(name) <==\n" + String(decoding: Array(last), as: UTF8.self))
    }
    while follows {
      usleep(500_000)
      for (_, handle) in open {
        guard let more = try handle.readToEnd(), !more.isEmpty else { continue }
        try StandardStream.output.write(String(decoding: more, as: UTF8.self))
      }
    }
  }
}
