import Foundation
import Testing

extension EndToEnd {
  /// What the trainer refuses, with which code and in which words.
  @Suite("Refusals")
  struct RefusalTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private func refuse(
      _ arguments: [String], ranks: Int? = nil, status: Int32, _ words: String...,
      location: SourceLocation = #_sourceLocation
    ) throws {
      let outcome = try laboratory.run("aver-train", ranks: ranks, arguments)
      #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: location)
      for word in words {
        #expect(
          outcome.ownErrors.contains(word), "\(outcome.ownErrors)", sourceLocation: location)
      }
    }

    @Test("a wrong command line exits 64")
    func commandLine() throws {
      try refuse(["teacher"], status: 64, "--config")
      try refuse(["nonsense"], status: 64, "nonsense")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--resume", "auto"], status: 64, "--resume auto needs")
    }

    @Test("a wrong configuration exits 64 with file and line")
    func configuration() throws {
      try refuse(["teacher", "--config", "absent.yaml"], status: 64, "absent.yaml: cannot be read")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "batch.micr=8"], status: 64,
        "argument 'batch.micr=8': batch.micr: unknown key; did you mean 'batch.micro'?")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "batch.global=4096", "--run", "too-large"], status: 64,
        "argument 'batch.global=4096': batch.global: 4096 exceeds the 160 samples")
    }

    @Test("a number of ranks that does not fit exits 64 and names those that do, once")
    func ranks() throws {
      let arguments = ["teacher", "--config", "tiny.yaml", "--run", "three"]
      let outcome = try laboratory.run("aver-train", ranks: 3, arguments)
      #expect(outcome.status == 64)
      #expect(outcome.ownErrors.contains("tiny.yaml:9: batch.global: 3 ranks"))
      #expect(outcome.ownErrors.components(separatedBy: "1, 2, 4").count == 2)
    }

    @Test("missing data exits 65 and names the key")
    func missingData() throws {
      let arguments = ["teacher", "--config", "tiny.yaml"]
      try refuse(
        arguments + ["data.root=nowhere"], ranks: 2, status: 65,
        "data.root: 'nowhere' does not exist")
      try refuse(
        arguments + ["data.train=no.csv"], status: 65, "data.train: 'faces/no.csv' does not exist")
    }

    @Test("a folder that holds a run is refused, and so is a changed configuration")
    func runFolder() throws {
      try laboratory.train("used", ["train.max_steps=2"])
      let arguments = ["teacher", "--config", "tiny.yaml", "--run", "used"]
      try refuse(arguments, status: 64, "used holds a run already", "--resume auto")
      try refuse(
        arguments + ["--resume", "auto", "train.max_steps=2", "seed=6"], status: 64, "seed: 5 -> 6")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "other", "--resume", "used/nothing"],
        status: 65, "used/nothing: there is no such folder")
    }

    @Test("a loss that is not finite ends all ranks with 70 and says where")
    func nonFinite() throws {
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "nan", "optimizer.learning_rate=1e30"],
        ranks: 2, status: 70, "is not finite; the step is void")
    }

    @Test("weights that overflow in the last update are neither saved nor called the best")
    func nonFiniteWeights() throws {
      try refuse(
        [
          "teacher", "--config", "tiny.yaml", "--run", "overflow", "optimizer.learning_rate=1e38",
          "schedule.warmup=0 steps", "train.max_steps=1",
        ],
        ranks: 2, status: 70, "is not finite; the step is void")
      #expect(
        !FileManager.default.fileExists(atPath: "\(laboratory.folder)/overflow/best"))
    }
  }
}
