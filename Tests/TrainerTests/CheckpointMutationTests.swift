import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

/// What disks, people and other programs do to a folder of checkpoints.
@Suite("Checkpoints that were changed")
struct CheckpointMutationTests {
  private static let steps = [10, 20, 30]

  private static func state(step: Int) -> CheckpointState {
    CheckpointState(
      step: step, epoch: Double(step) / 10, isEvaluated: true,
      best: CheckpointState.Best(score: 0.5, step: 3), skippedSamples: [1, 2], microBatches: 4,
      engine: EngineIdentity(library: "kernels 1", instructionSet: "wide", threads: 1),
      trainingData: "digest", configuration: ["seed": "1"])
  }

  private static func tensors(step: Int) throws -> [Tensor] {
    [try Tensor(name: "w", shape: [200], floats: (0..<200).map { Float($0 * step) })]
  }

  private static func write(to folder: String) throws {
    let store = CheckpointStore(folder: folder, retention: CheckpointRetention(newest: 3))
    for step in steps { try store.write(state(step: step), tensors(step: step)) }
  }

  /// Changes a folder of checkpoints in one way, and says in which.
  private static func mutate(_ folder: String, by random: inout SeededGenerator) throws -> String {
    let files = FileManager.default
    let paths = try files.subpathsOfDirectory(atPath: folder).sorted()
    let isFolder = { (path: String) -> Bool in
      var isFolder: ObjCBool = false
      return files.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
        && isFolder.boolValue
    }
    func any(_ paths: [String]) -> String { paths.randomElement(using: &random) ?? "" }
    func url(_ path: String) -> URL { URL(fileURLWithPath: "\(folder)/\(path)") }
    let (leaves, folders) = (paths.filter { !isFolder($0) }, paths.filter(isFolder))
    let (file, other, checkpoint) = (any(leaves), any(leaves), any(folders))
    var bytes = try Data(contentsOf: url(file))
    switch Int.random(in: 0..<11, using: &random) {
    case 0:
      let count = Int.random(in: 0..<max(1, bytes.count), using: &random)
      try bytes.prefix(count).write(to: url(file))
      return "\(file) cut to \(count) bytes"
    case 1:
      let bit = Int.random(in: 0..<max(8, bytes.count * 8), using: &random)
      if !bytes.isEmpty { bytes[bit / 8] ^= 1 << (bit % 8) }
      try bytes.write(to: url(file))
      return "\(file): bit \(bit) flipped"
    case 2:
      try files.removeItem(at: url(file))
      return "\(file) removed"
    case 3:
      try bytes.write(to: url("\(checkpoint)/extra.safetensors"))
      return "a file more in \(checkpoint)"
    case 4:
      let theirs = try Data(contentsOf: url(other))
      try theirs.write(to: url(file))
      try bytes.write(to: url(other))
      return "\(file) and \(other) swapped"
    case 5:
      try Data().write(to: url(file))
      return "\(file) emptied"
    case 6:
      let name = any(["step-00000099\n", "", "../../..", "step-00000010", "\u{FFFD}"])
      try Data(name.utf8).write(to: url("latest"))
      return "latest says \(name.debugDescription)"
    case 7:
      try files.removeItem(at: url(checkpoint))
      return "\(checkpoint) removed"
    case 8:
      let name = any([
        "step-00000040", "step-99999999999999999999", "step-", "step--0000005", "step-x",
        ".writing-step-00000040", "step-00000020.bak",
      ])
      // An earlier change may have named it so.
      guard name != checkpoint else { return "nothing" }
      if files.fileExists(atPath: url(name).path) { try files.removeItem(at: url(name)) }
      try files.moveItem(at: url(checkpoint), to: url(name))
      return "\(checkpoint) renamed \(name)"
    case 9:
      bytes.append(bytes)
      try bytes.write(to: url(file))
      return "\(file) twice over"
    default:
      // Text with another number in the place of each digit that is one.
      let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
      let changed = bytes.map { digits ~= $0 ? UInt8.random(in: digits, using: &random) : $0 }
      try Data(changed).write(to: url(file))
      return "\(file): other digits"
    }
  }

  /// Whether a checkpoint holds what was written at its step.
  private static func isAsWritten(_ checkpoint: Checkpoint) throws -> Bool {
    let step = checkpoint.state.step
    return try steps.contains(step) && checkpoint.state == state(step: step)
      && [checkpoint.modelPath, checkpoint.optimizerPath].allSatisfy {
        try Safetensors.read(path: $0) == tensors(step: step)
      }
  }

  /// The steps whose checkpoints have all of their files as they were written, under their names.
  private static func untouched(in folder: String, as pristine: String) -> [Int] {
    let names = ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"]
    return steps.filter { step in
      names.map { "step-000000\(step)/\($0)" }.allSatisfy {
        FileManager.default.contentsEqual(atPath: "\(folder)/\($0)", andPath: "\(pristine)/\($0)")
      }
    }
  }

  @Test("500 changes: never loaded wrong, never a crash; what is whole is found")
  func mutations() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let (pristine, copy) = (try TemporaryFolder(), try TemporaryFolder())
    try Self.write(to: "\(pristine.path)/checkpoints")
    var (found, none, refused) = (0, 0, 0)
    for number in 0..<500 {
      let folder = "\(copy.path)/\(number)"
      try FileManager.default.copyItem(atPath: "\(pristine.path)/checkpoints", toPath: folder)
      let changes = try (0..<Int.random(in: 1...3, using: &random)).map { _ in
        try Self.mutate(folder, by: &random)
      }
      let store = CheckpointStore(folder: folder)
      let untouched = Self.untouched(in: folder, as: "\(pristine.path)/checkpoints")
      let told: Comment = "seed \(seed), \(number): \(changes)"
      do {
        try store.recover()
        if let checkpoint = try store.newestValid(report: { _ = try store.setAside($0) }) {
          found += 1
          #expect(try Self.isAsWritten(checkpoint), told)
          // A later one may be whole although its manifest cuts its files otherwise.
          #expect(checkpoint.state.step >= untouched.last ?? 0, told)
        } else {
          none += 1
          #expect(untouched.isEmpty && !store.hasCheckpoints, told)
        }
      } catch let error as TrainerError {
        refused += 1
        // A person has to look.
        #expect(untouched.isEmpty && error.exitStatus == .badData, told)
      }
      try FileManager.default.removeItem(atPath: folder)
    }
    // Three changes seldom break all three checkpoints.
    #expect(found > 450 && none + refused > 0, "seed \(seed): \(found), \(none), \(refused)")
  }
}
