import Foundation
import Testing

extension EndToEnd {
  /// `aver verify` as users run it: exit codes, and that each kind of fault is named.
  @Suite("Verify")
  struct VerifyTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private func verify(_ arguments: String...) throws -> Outcome {
      try laboratory.run("aver", ["verify"] + arguments)
    }

    private func path(_ name: String) -> String { "\(laboratory.folder)/\(name)" }

    @Test("a synthetic corpus of all formats is clean, as text and as JSON")
    func cleanCorpus() throws {
      let synth = try laboratory.run(
        "aver",
        [
          "synth", "verified", "--faces", "60", "--speech", "30", "--clips", "2", "--clip-seconds",
          "2", "--image-size", "48",
        ])
      try #require(synth.status == 0, "\(synth.errors)")
      let text = try verify("verified")
      #expect(text.status == 0, "\(text.output)\(text.errors)")
      for format in ["AffectNet, first", "FEC", "RAF-DB", "RAVDESS", "RECOLA", "without labels"] {
        #expect(text.output.contains(format), "\(text.output)")
      }
      #expect(text.output.hasSuffix("verified: nothing is wrong with it\n") && text.errors.isEmpty)
      let json = try verify("verified", "--json", "--quick")
      #expect(json.status == 0)
      let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
      let sets = try #require((object as? [String: Any])?["sets"] as? [[String: Any]])
      #expect(sets.count == 6)
    }

    @Test("faults are named, listed and exit 65")
    func faults() throws {
      try laboratory.copyFaces(to: "spoilt", unreadable: [4])
      let training = try String(contentsOfFile: path("spoilt/training.csv"), encoding: .utf8)
      let rows = training.split(separator: "\n").map(String.init)
      let validation = try String(contentsOfFile: path("spoilt/validation.csv"), encoding: .utf8)
      try (validation + rows[2] + "\nnowhere.jpg,0,0,9,9,,1,0,0\nx.jpg,0,0,9,9,,77,0,0\n")
        .write(toFile: path("spoilt/validation.csv"), atomically: true, encoding: .utf8)
      let lines = validation.split(separator: "\n").count
      let outcome = try verify("spoilt", "--list", "spoilt.txt")
      #expect(outcome.status == 65 && outcome.errors.isEmpty, "\(outcome.errors)")
      for fault in [
        "spoilt/training.csv:4: ", "spoilt/validation.csv:\(lines + 1): ",
        "the same content as spoilt/training.csv:3 in training",
        "spoilt/validation.csv:\(lines + 2): spoilt/nowhere.jpg: cannot be read",
        "spoilt/validation.csv:\(lines + 3): column 'expression': 77 is not an expression",
      ] { #expect(outcome.output.contains(fault), "\(fault)\n\(outcome.output)") }
      let list = try String(contentsOfFile: path("spoilt.txt"), encoding: .utf8)
      #expect(list.split(separator: "\n").count == 5, "\(list)")
    }

    @Test("shards, checkpoints and weights are checked")
    func savedFiles() throws {
      let packed = try laboratory.run(
        "aver", ["pack", "corpus/affectnet/training.csv", "verified-shards/training-{000}.tar"])
      try #require(packed.status == 0, "\(packed.errors)")
      #expect(try verify("verified-shards").status == 0)

      try laboratory.train("verified-run", ["train.max_steps=2", "checkpoint.every_steps=2"])
      let run = try verify("verified-run")
      #expect(run.status == 0, "\(run.output)")
      #expect(run.output.contains("step 2, ") && run.output.contains("final/model.safetensors: "))
      let checkpoint = "verified-run/checkpoints/step-00000002"

      let weights = path("verified-run/final/model.safetensors")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
      // The last value becomes NaN, whatever the floating-point type.
      bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0xFF, 0xFF, 0xFF, 0x7F])
      try bytes.write(to: URL(fileURLWithPath: path("bad.safetensors")))
      let bad = try verify("bad.safetensors", "--json")
      #expect(bad.status == 65 && bad.output.contains("not finite"), "\(bad.output)")
      try Data(bytes.dropLast(8)).write(
        to: URL(fileURLWithPath: path("\(checkpoint)/model.safetensors")))
      let broken = try verify(checkpoint)
      #expect(broken.status == 65 && broken.output.contains("model.safetensors has "))
    }

    @Test("wrong usage exits 64")
    func usage() throws {
      for arguments in [
        ["nowhere"], ["tiny.yaml"], ["corpus/affectnet", "--format", "facse"],
        ["corpus/affectnet", "--format", "fec"],
        ["corpus/affectnet", "--threads", "0"], ["tiny.safetensors"],
      ] {
        let outcome = try laboratory.run("aver", ["verify"] + arguments)
        #expect(outcome.status == 64 && !outcome.errors.isEmpty, "\(arguments): \(outcome.errors)")
      }
    }
  }
}
