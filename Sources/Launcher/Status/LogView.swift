import Foundation
import Trainer

/// What was said about a run or a sweep, file by file.
public struct LogView {
  private let files: [String]

  /// The logs of a folder.
  ///
  /// - Parameter rank: the rank whose log it is beside the launcher's.
  /// - Throws: `LaunchError.noWork` where nothing was said there.
  public init(of path: String, rank: Int) throws {
    let submitted = try DurableFiles.names(in: "\(path)/submit").filter { $0.hasSuffix(".log") }
    let own = ["launcher.log", "output.log", String(format: "rank-%04d.log", rank)]
    files =
      (submitted.sorted().map { "\(path)/submit/\($0)" } + own.map { "\(path)/logs/\($0)" })
      .filter(DurableFiles.exists)
    guard !files.isEmpty else { throw LaunchError.noWork(path) }
  }

  /// Prints the last lines of each file and, where wanted, what comes after, until the process is ended.
  ///
  /// - Throws: `TrainerError.system`.
  public func show(lines: Int, follows: Bool) throws {
    var ends: [String: Int] = [:]
    for file in files {
      let bytes = try DurableFiles.contents(file, limit: .max) ?? []
      let parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // Behind the last line's end is nothing.
      let last = parts.suffix(lines + 1).joined(separator: [UInt8(ascii: "\n")])
      try StandardStream.output.write(
        "==> \(file) <==\n" + String(decoding: Array(last), as: UTF8.self))
      ends[file] = bytes.count
    }
    while follows {
      usleep(500_000)
      for file in files {
        let bytes = try DurableFiles.contents(file, limit: .max) ?? []
        guard let end = ends[file], bytes.count > end else { continue }
        try StandardStream.output.write(String(decoding: bytes[end...], as: UTF8.self))
        ends[file] = bytes.count
      }
    }
  }
}
