import Foundation
import Testing

extension EndToEnd {
  /// Packing, and training on what was packed.
  @Suite("Shards")
  struct ShardTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    /// Packs both lists of the corpus into a folder.
    private func pack(into folder: String, ranks: Int? = nil) throws {
      for list in ["training", "validation"] {
        let outcome = try laboratory.run(
          "aver", ranks: ranks,
          [
            "pack", "corpus/affectnet/\(list).csv", "\(folder)/\(list)-{000}.tar", "--samples",
            "30",
          ])
        try #require(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("\(folder)/\(list).index: "), "\(outcome.output)")
      }
    }

    private func content(_ file: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(laboratory.folder)/\(file)"))
    }

    private let onShards = [
      "data.root=shards", "data.train=training.index", "data.validation=validation.index",
      "data.shuffle_window=12",
    ]

    @Test("packing and training on shards are the same for any number of ranks and over a stop")
    func sameWeights() throws {
      try pack(into: "shards", ranks: 2)
      try pack(into: "shards-alone")
      for shard in 0..<6 {
        let name = "training-00\(shard).tar"
        #expect(try content("shards/\(name)") == content("shards-alone/\(name)"))
      }
      try laboratory.train("shards-1", onShards)
      let reference = try laboratory.finalModel("shards-1")
      for ranks in [2, 4] {
        try laboratory.train("shards-\(ranks)", ranks: ranks, onShards)
        #expect(try laboratory.finalModel("shards-\(ranks)") == reference)
      }
      let job = try laboratory.start("shards-stop", ranks: 4, slowly: true, onShards)
      // In the middle of the second epoch.
      try laboratory.wait(for: "shards-stop", step: 7, job)
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      try laboratory.train("shards-stop", ranks: 2, resume: "auto", onShards)
      #expect(try laboratory.finalModel("shards-stop") == reference)

      // The same shards by their names, without our index.
      try FileManager.default.removeItem(atPath: "\(laboratory.folder)/shards-alone/training.index")
      let byName =
        onShards + [
          "data.root=shards-alone", "data.train=training-{000..005}.tar",
        ]
      try laboratory.train("shards-by-name", ranks: 2, byName)
      #expect(try laboratory.finalModel("shards-by-name") == reference)
    }

    @Test("AffectNet's later release is packed with its labels or not at all")
    func laterRelease() throws {
      let split = "\(laboratory.folder)/later/train_set"
      for name in ["images", "annotations"] {
        try FileManager.default.createDirectory(
          atPath: "\(split)/\(name)", withIntermediateDirectories: true)
      }
      try Data("face".utf8).write(to: URL(fileURLWithPath: "\(split)/images/1.jpg"))
      let both = try laboratory.run("aver", ["pack", "later", "later.tar"])
      #expect(both.status == 64 && both.errors.contains("'later/train_set'"), "\(both.errors)")
      let one = try laboratory.run("aver", ["pack", "later/train_set", "later.tar"])
      #expect(one.status == 65, "\(one.errors)")
      #expect(one.errors.contains("annotations/1_exp.npy: is missing"), "\(one.errors)")
    }

    @Test("shards that vanish or change are named and exit 65")
    func badShards() throws {
      try pack(into: "torn")
      let shard = "\(laboratory.folder)/torn/training-002.tar"
      try content("torn/training-002.tar").dropLast(4096).write(to: URL(fileURLWithPath: shard))
      let torn = onShards + ["data.root=torn"]
      let changed = try laboratory.start("torn-1", ranks: 2, torn).wait()
      #expect(changed.status == 65)
      #expect(changed.ownErrors.contains("torn/training.index: torn/training-002.tar is not"))
      let scanned = try laboratory.start("torn-2", torn + ["data.train=training-{000..005}.tar"])
        .wait()
      #expect(scanned.status == 65 && scanned.ownErrors.contains("training-002.tar: at byte "))
      let missing = try laboratory.run("aver", ranks: 2, ["pack", "nowhere.csv", "x-{0}.tar"])
      #expect(missing.status == 64 && missing.ownErrors.contains("'nowhere.csv' does not exist"))
    }
  }
}
