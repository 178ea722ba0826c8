import Distributed
import Foundation
import Testing

@testable import Trainer

/// What people copy from the documentation and from the heads of the configurations that ship.
@Suite("Shipped commands")
struct ShippedCommandsTests {
  /// A training as it is typed.
  struct Command: CustomTestStringConvertible {
    let place: String
    let ranks: Int
    let stage: String
    let configuration: String
    let overrides: [String]

    var testDescription: String { "\(place): \(stage) \(overrides.joined(separator: " "))" }

    /// The command on a line, whose continuations are joined; nil where it is no training.
    init?(_ line: String, place: String) {
      let words = line.split(separator: " ")
        .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "'\"")) }
      let programs = ["aver-train", "aver-launch", "train.sbatch"]
      guard ["mpirun", "aver-launch", "sbatch"].contains(words.first),
        words.contains(where: { word in programs.contains(where: word.hasSuffix) }),
        let option = words.firstIndex(of: "--config"), option + 1 < words.count
      else { return nil }
      self.place = place
      // Without it, a scheduler's tasks count.
      ranks = words.firstIndex(of: "-n").flatMap { Int(words[$0 + 1]) } ?? 1
      stage = words[option - 1]
      configuration = words[option + 1]
      overrides = words.filter { $0.contains("=") }
    }
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func files(in folder: String, _ ending: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(root.path)/\(folder)")
      .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
  }

  /// All trainings that a file tells to type.
  private static func commands(in file: String) throws -> [Command] {
    let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    let code = text.components(separatedBy: "\n").compactMap { line -> String? in
      if file.hasSuffix(".yaml") {
        return line.hasPrefix("#   ") ? String(line.dropFirst(4)) : nil
      }
      return line.hasPrefix("    ") ? line : nil
    }
    return code.joined(separator: "\n").replacingOccurrences(of: "\\\n", with: " ")
      .components(separatedBy: "\n")
      .compactMap { Command($0.trimmingCharacters(in: .whitespaces), place: file) }
  }

  static let all: [Command] = {
    do {
      return try (["README.md"] + files(in: "docs", ".md") + files(in: "configs", ".yaml"))
        .flatMap(commands)
    } catch {
      return []
    }
  }()

  @Test("each file tells how its stage is started")
  func everywhere() throws {
    let pages = StageName.allCases.map { "docs/\($0).md" }
    for file in try pages + Self.files(in: "configs", ".yaml") {
      #expect(Self.all.contains { $0.place == file }, "\(file)")
    }
    #expect(Self.all.contains { $0.place == "README.md" })
  }

  @Test("commands name their stage's file, and what they change is possible", arguments: all)
  func valid(_ command: Command) throws {
    let file = Self.root.appendingPathComponent(command.configuration).path
    let stage = try StageName(ofConfiguration: file)
    #expect(stage.rawValue == command.stage)
    let microBatches =
      switch stage {
      case .teacher: try microBatches(TeacherConfiguration.self, file, command.overrides)
      case .distill: try microBatches(DistillConfiguration.self, file, command.overrides)
      case .audio: try microBatches(AudioConfiguration.self, file, command.overrides)
      case .fusion: try microBatches(FusionConfiguration.self, file, command.overrides)
      }
    #expect(throws: Never.self) {
      try MicroBatchTree(microBatches: microBatches, rank: 0, worldSize: command.ranks)
    }
  }

  private func microBatches<Stage: StageConfiguration>(
    _ stage: Stage.Type, _ file: String, _ overrides: [String]
  ) throws -> Int {
    let loaded = try Stage.load(file: file, overrides: overrides)
    #expect(loaded.origins.count > 10, "few keys are given")
    return loaded.values.batch.microBatches
  }

  /// A data set that the configuration names and the command does not is looked for where the command
  /// is typed.
  @Test("commands for real data say where all of it lies", arguments: all)
  func data(_ command: Command) throws {
    guard !command.configuration.hasSuffix("-small.yaml") else { return }
    let text = try String(
      contentsOf: Self.root.appendingPathComponent(command.configuration), encoding: .utf8)
    for section in ["data", "triplets"] where text.contains("\n\(section):\n  root: ") {
      #expect(command.overrides.contains { $0.hasPrefix("\(section).root=") }, "\(section).root")
    }
  }
}
