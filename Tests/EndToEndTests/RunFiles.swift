import Foundation
import Testing

/// What a run leaves in its folder.
struct RunFiles {
  /// The run folder.
  let path: String

  /// The step of the last line of metrics; nil before there is one.
  var lastStep: Int? {
    struct Line: Decodable { var step: Int }
    let text = try? String(contentsOfFile: "\(path)/metrics.jsonl", encoding: .utf8)
    // The last line may be half written.
    return (text ?? "").split(separator: "\n").suffix(2).reversed().lazy
      .compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)).step }.first
  }

  /// Waits until the run has made `step` steps.
  func wait(forStep step: Int, _ command: RunningCommand) throws {
    try command.wait { lastStep ?? 0 >= step }
  }

  /// The step of the checkpoint that the run goes on from; nil where it has none.
  func latestCheckpoint() throws -> Int? {
    let latest = try String(contentsOfFile: "\(path)/checkpoints/latest", encoding: .utf8)
    return latest.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "-").last
      .flatMap { Int($0) }
  }

  /// The bytes of all that the run has learned: its best and final models and its last checkpoint.
  func learned() throws -> [String: Data] {
    let step = try #require(try latestCheckpoint())
    let checkpoint = "checkpoints/step-" + String(format: "%08d", step)
    let files = [
      "best/model.safetensors", "final/model.safetensors", "\(checkpoint)/model.safetensors",
      "\(checkpoint)/optimizer.safetensors",
    ]
    return try Dictionary(
      uniqueKeysWithValues: files.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: "\(path)/\($0)")))
      })
  }
}
