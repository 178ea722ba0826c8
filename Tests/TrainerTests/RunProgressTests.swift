import Digests
import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

@Suite("Progress of runs")
struct RunProgressTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var progress: RunProgress { RunProgress(ofRun: folder.path) }

  private func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: "\(folder.path)/\(path)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  @Test("a run that has not begun has made no progress")
  func empty() {
    #expect(progress.checkpointStep == nil && progress.lastStep == nil)
    #expect(progress.crashes.isEmpty)
    #expect(!progress.hasCheckpoint(since: RunProgress(ofRun: "\(folder.path)/absent")))
  }

  @Test("steps are those of the newest checkpoint and of the last whole line of metrics")
  func steps() throws {
    let long = String(repeating: "{\"step\":1,\"split\":\"training\"}\n", count: 5000)
    try write(long + "{\"step\":7,\"loss\":1}\n{\"step\":8,\"lo", to: "metrics.jsonl")
    #expect(progress.lastStep == 7 && progress.checkpointStep == nil)
    try write("step-00000005\n", to: "checkpoints/latest")
    #expect(progress.lastStep == 7 && progress.checkpointStep == 5)
    try write("step-00000009\n", to: "checkpoints/latest")
    #expect(progress.lastStep == 9)
  }

  @Test("a step is not come to while the evaluation after it is owed")
  func owedEvaluation() throws {
    try write("{\"step\":7}\n", to: "metrics.jsonl")
    #expect(!progress.hasCome(to: 1))
    try write("step-00000005\n", to: "checkpoints/latest")
    #expect(progress.hasCome(to: 4) && progress.hasCome(to: 5) && !progress.hasCome(to: 6))
    for isEvaluated in [false, true] {
      let state = CheckpointState(
        step: 5, epoch: 0, isEvaluated: isEvaluated, best: nil, skippedSamples: [],
        microBatches: 1, engine: Engine.identity(threads: 1), trainingData: "", choice: nil,
        configuration: [:])
      let bytes = try DurableFiles.json(state)
      let folder = "checkpoints/step-00000005"
      try write(String(decoding: bytes, as: UTF8.self), to: "\(folder)/state.json")
      let entry = CheckpointManifest.Entry(
        name: "state.json", bytes: bytes.count, pieces: [try SHA256.digest(of: bytes)])
      try write(
        String(decoding: DurableFiles.json(CheckpointManifest(files: [entry])), as: UTF8.self),
        to: "\(folder)/manifest.json")
      #expect(progress.hasCome(to: 4) && progress.hasCome(to: 5) == isEvaluated)
    }
  }

  @Test("a new checkpoint is progress, also an earlier step's, and metrics are none")
  func newCheckpoint() throws {
    let before = progress
    try write("{\"step\":7}\n", to: "metrics.jsonl")
    #expect(!progress.hasCheckpoint(since: before))
    try write("step-00000500\n", to: "checkpoints/latest")
    let later = progress
    #expect(later.hasCheckpoint(since: before))
    try write("step-00000200\n", to: "checkpoints/latest")
    #expect(progress.hasCheckpoint(since: later))
  }

  @Test("students who become teachers make progress in folders of their own")
  func generations() throws {
    try write("{\"step\":30}\n", to: "generation-2/metrics.jsonl")
    try write("step-00000090\n", to: "generation-1/checkpoints/latest")
    let before = progress
    #expect(before.lastStep == 30 && before.checkpointStep == nil)
    try write("step-00000030\n", to: "generation-2/checkpoints/latest")
    #expect(progress.hasCheckpoint(since: before))
    #expect(progress.checkpointStep == 30)
    try write("{\"step\":2}\n", to: "metrics.jsonl")
    #expect(progress.lastStep == 2)
  }

  @Test("crash reports are read, those that are half written left out")
  func crashes() throws {
    let report = CrashReport(
      rank: 3, worldSize: 4, host: "n2", process: 9, time: Date(timeIntervalSince1970: 100),
      activity: "step 8", exitCode: 70, error: "no memory")
    report.write(to: "\(folder.path)/crash/rank-0003.json")
    try write("{\"rank\":", to: "crash/rank-0001.json")
    #expect(progress.crashes == [report])
  }
}
