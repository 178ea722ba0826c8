import Foundation
import Testing

extension EndToEnd {
  /// Gradients that travel as bfloat16, with what rounding leaves out in the checkpoints.
  @Suite("Gradients as bfloat16")
  struct WireTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    /// Eight micro-batches a step.
    private static let rounded = [
      "batch.micro=4", "train.max_steps=6", "evaluation.every=6 steps",
      "communication.wire=bfloat16", "communication.groups=4",
    ]

    private func train(
      _ run: String, ranks: Int, environment: [String: String] = [:], resume: Bool = false,
      _ arguments: [String] = []
    ) throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: ranks, environment: environment,
        ["teacher", "--config", "tiny.yaml", "--run", run]
          + (resume ? ["--resume", "auto"] : []) + Self.rounded + arguments)
      try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
    }

    /// More ranks than groups and fewer; what is stopped goes on with another number of them.
    @Test("weights and what is left out are the same on 1 to 8 ranks, moved or not")
    func anyRanks() throws {
      try train("wire-1", ranks: 1)
      let reference = RunFiles(path: "\(laboratory.folder)/wire-1")
      let learned = try reference.learned()
      let residuals = try reference.residuals()
      #expect(residuals.count == 5, "four groups and the sum over them")
      #expect(Set(residuals.values).count == 5)
      for ranks in [2, 4, 8] {
        for (environment, overlap) in [([:], "off"), (try laboratory.nodesOfOne, "on")] {
          let run = "wire-\(ranks)-\(overlap)"
          try train(
            run, ranks: ranks, environment: environment, ["communication.overlap=\(overlap)"])
          let files = RunFiles(path: "\(laboratory.folder)/\(run)")
          #expect(try files.learned() == learned, "\(run)")
          #expect(try files.residuals() == residuals, "\(run)")
        }
      }
      for (first, then) in [(8, 1), (1, 8), (4, 2)] {
        let run = "wire-moved-\(first)-\(then)"
        try train(
          run, ranks: first, environment: try laboratory.nodesOfOne, ["--stop-after", "3"])
        try train(run, ranks: then, resume: true)
        let files = RunFiles(path: "\(laboratory.folder)/\(run)")
        #expect(try files.learned() == learned, "\(run)")
        #expect(try files.residuals() == residuals, "\(run)")
      }
      let verified = try laboratory.run("aver", ["verify", "wire-8-on"])
      #expect(verified.status == 0, "\(verified.errors)")
    }

    @Test("another number of groups, or none, is another training")
    func otherGroups() throws {
      let arguments = [[], ["communication.groups=8"], ["communication.wire=float32"]]
      let models = try arguments.enumerated().map { index, arguments in
        try train("wire-other-\(index)", ranks: 2, arguments)
        return try laboratory.finalModel("wire-other-\(index)")
      }
      #expect(Set(models).count == 3)
      let outcome = try laboratory.run(
        "aver-train", ranks: 2,
        ["teacher", "--config", "tiny.yaml", "--run", "wire-other-0", "--resume", "auto"]
          + Self.rounded + ["communication.groups=2", "train.max_steps=8"])
      #expect(outcome.status == 64 && outcome.ownErrors.contains("communication.groups: 4 -> 2"))
      // What travels as float32 has no groups, whatever is configured.
      let plain = try laboratory.run(
        "aver-train", ranks: 2,
        ["teacher", "--config", "tiny.yaml", "--run", "wire-other-2", "--resume", "auto"]
          + Self.rounded + ["communication.wire=float32", "communication.groups=2"])
      #expect(plain.status == 0, "\(plain.errors)")
    }

    /// The step in which data fail has rounded some sums by then.
    @Test("where data fail in a step, the checkpoint is as if it had not begun")
    func failingData() throws {
      try train("wire-whole", ranks: 2)
      let reference = RunFiles(path: "\(laboratory.folder)/wire-whole")
      // All faces are learned from in the first five steps.
      try laboratory.copyFaces(to: "wire-spoiled", unreadable: [99])
      let arguments = [
        "teacher", "--config", "tiny.yaml", "--run", "wire-failing", "data.root=wire-spoiled",
      ]
      let outcome = try laboratory.run("aver-train", ranks: 2, arguments + Self.rounded)
      try #require(outcome.status == 65, "\(outcome.errors)")
      #expect(outcome.ownErrors.contains("A checkpoint after step"))
      try FileManager.default.removeItem(atPath: "\(laboratory.folder)/wire-spoiled")
      try laboratory.copyFaces(to: "wire-spoiled", unreadable: [])
      try train("wire-failing", ranks: 4, resume: true, ["data.root=wire-spoiled"])
      let files = RunFiles(path: "\(laboratory.folder)/wire-failing")
      #expect(try files.learned() == reference.learned())
      #expect(try files.residuals() == reference.residuals())
    }

    @Test("a checkpoint without what was left out is not gone on from")
    func missingResiduals() throws {
      try train("wire-torn", ranks: 2, ["--stop-after", "3"])
      let file =
        "\(laboratory.folder)/wire-torn/checkpoints/step-00000003/residuals-0001.safetensors"
      try FileManager.default.removeItem(atPath: file)
      let outcome = try laboratory.run(
        "aver-train", ranks: 2,
        ["teacher", "--config", "tiny.yaml", "--run", "wire-torn", "--resume", "auto"]
          + Self.rounded)
      #expect(outcome.status != 0 && outcome.ownErrors.contains("residuals-0001.safetensors"))
    }
  }
}

extension RunFiles {
  /// The bytes of all files of the last checkpoint that have what rounding has left out.
  fileprivate func residuals() throws -> [String: Data] {
    let step = try #require(try latestCheckpoint())
    let folder = "\(path)/checkpoints/step-" + String(format: "%08d", step)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("residuals") }
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
      })
  }
}
