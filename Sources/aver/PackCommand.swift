import ArgumentParser
import Datasets
import Foundation
import Trainer

/// `aver pack`: tar shards for file systems that do not like millions of files.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Packs faces into tar shards that train in sequence.",
    discussion: """
      SOURCE is a list (CSV with AffectNet's columns), a split of AffectNet's later release (a folder \
      with images and annotations) or a folder of faces without labels; OUTPUT names the shards, as in \
      shards/train-{000000}.tar, or one file, faces.tar. Images are copied as they are. The shards have WebDataset's layout (000000042.jpg, 000000042.json). Their index, \
      shards/train.index, is written last; train on it with data.train=train.index data.root=shards, or \
      on shards of any origin with data.train=train-{000000..000099}.tar.

      Under mpirun the ranks write a shard each; the bytes are the same for any number of them. A shard \
      is written beside its name and renamed when it is whole: after an interruption, --resume keeps \
      those that are.

      Training mixes shards only within windows: where the list is sorted, pack it with --shuffle.

      Exit codes: \(ExitStatus.table).
      """)

  @Argument(
    help: "A list of faces, a split of AffectNet's later release, or a folder of faces.",
    completion: .file())
  var source: String

  @Argument(help: "The shards, such as faces-{000000}.tar.", completion: .file())
  var output: String

  @Option(help: "The folder that the list's paths are relative to, instead of the list's own.")
  var root: String?

  @Option(help: "Images of a shard at most, instead of a limit of bytes.")
  var samples: Int?

  @Option(help: "Bytes of a shard at most.")
  var bytes = ShardPacker.Options().bytes

  @Option(help: "Pack in the random order of this seed.")
  var shuffle: UInt64?

  @Option(help: "How many unusable rows of the list are left out before it is refused.")
  var skipLimit = 0

  @Flag(help: "Keep the shards that an interrupted packing has finished.")
  var resume = false

  func run() throws {
    let packing = Packing(
      source: source, root: root, output: output,
      options: ShardPacker.Options(
        samples: samples, bytes: bytes, shuffleSeed: shuffle, keepsFinished: resume),
      skipLimit: skipLimit)
    let start = Date()
    let status = Job.run(limits: .patient) { job in
      let summary = try packing.run(job: job)
      summary?.problems.forEach { Job.printError("left out \($0)") }
      try job.printResult(summary.map { text(of: $0, since: start) } ?? "")
      return .finished
    }
    guard status == .finished else { throw ExitCode(status.rawValue) }
  }

  private func text(of summary: Packing.Summary, since start: Date) -> String {
    let excluded =
      summary.excluded > 0 ? "\n\(summary.excluded) rows without an expression were left out" : ""
    return "\(summary.index): \(summary.faces) faces in \(summary.shards) shards, "
      + String(
        format: "%.1f MiB, packed in %.1f s", Double(summary.bytes) / 1_048_576,
        Date().timeIntervalSince(start)) + excluded
  }
}
