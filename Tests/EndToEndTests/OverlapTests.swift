import Foundation
import Testing

extension EndToEnd {
  /// Gradients that are summed beside the backward pass and afterwards, in memory and in messages.
  @Suite("Sums of gradients")
  struct OverlapTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    /// Eight micro-batches a step.
    private static let overrides = [
      "batch.micro=4", "train.max_steps=6", "evaluation.every=6 steps",
    ]

    private func model(
      _ run: String, ranks: Int, environment: [String: String] = [:], _ overrides: [String]
    ) throws -> Data {
      let outcome = try laboratory.run(
        "aver-train", ranks: ranks, environment: environment,
        ["teacher", "--config", "tiny.yaml", "--run", run] + Self.overrides + overrides)
      try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
      return try laboratory.finalModel(run)
    }

    @Test(
      "weights are the same whenever sums are made, on 1 to 8 ranks, in memory and in messages",
      arguments: [[], ["optimizer.clip_norm=0.5"]])
    func anyWay(_ overrides: [String]) throws {
      let clips = overrides.isEmpty ? "" : "-clipped"
      let reference = try model("sums-1\(clips)", ranks: 1, overrides)
      let messages = try laboratory.nodesOfOne
      for ranks in [2, 4, 8] {
        for overlap in ["on", "off"] {
          for environment in [[:], messages] {
            let run = "sums-\(ranks)-\(overlap)-\(environment.count)\(clips)"
            let weights = try model(
              run, ranks: ranks, environment: environment,
              overrides + ["communication.overlap=\(overlap)"])
            #expect(weights == reference, "\(run)")
          }
        }
      }
      #expect(
        try model("sums-seed\(clips)", ranks: 8, overrides + ["seed=9"]) != reference)
    }

    @Test("other numbers of ranks are refused, unless the library's own sum is asked for")
    func threeRanks() throws {
      let arguments = [
        "teacher", "--config", "tiny.yaml", "batch.global=24", "batch.micro=4", "train.max_steps=3",
      ]
      let refused = try laboratory.run(
        "aver-train", ranks: 3, arguments + ["--run", "three-exact"])
      #expect(refused.status == 64)
      #expect(
        refused.ownErrors.contains("start 1, 2 ranks")
          && refused.ownErrors.contains("vendor takes 3"))
      let outcome = try laboratory.run(
        "aver-train", ranks: 3, arguments + ["--run", "three-vendor", "reduction=vendor"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("reduction: vendor sums in the order that the MPI library"))
      #expect(laboratory.exists("three-vendor/final/model.safetensors"))
    }

    @Test("a trace has what every rank computed and summed, as JSON")
    func trace() throws {
      _ = try model(
        "traced", ranks: 2, ["communication.overlap=on", "--trace", "trace.json"])
      struct Trace: Decodable {
        struct Event: Decodable {
          var name: String
          var ph: String
          var pid: Int
          var tid: Int
          var ts: Double?
          var dur: Double?
        }
        var traceEvents: [Event]
      }
      let data = try Data(
        contentsOf: URL(fileURLWithPath: "\(laboratory.folder)/trace.json"))
      let events = try JSONDecoder().decode(Trace.self, from: data).traceEvents
      for rank in 0..<2 {
        func count(_ name: String, _ thread: Int) -> Int {
          // Perfetto wants no thread's number twice, and none 0.
          events.filter { $0.name == name && $0.pid == rank + 1 && $0.tid == 2 * rank + thread + 1 }
            .count
        }
        // Four micro-batches of each rank, six steps.
        #expect(count("forward and backward", 0) == 24)
        #expect(count("sum of a bucket", 1) >= 6)
        #expect(count("updating the weights", 0) >= 6)
        #expect(count("evaluating after step 6", 0) >= 1)
        #expect(count("process_name", 0) == 1 && count("thread_name", 1) == 1)
      }
      #expect(events.allSatisfy { $0.ph == "M" || ($0.ts ?? -1) >= 0 && ($0.dur ?? -1) >= 0 })
    }

    @Test("a trace that cannot be written is refused before anything is trained")
    func unwritableTrace() throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: 2,
        ["teacher", "--config", "tiny.yaml", "--run", "untraced", "--trace", "no/folder/t.json"])
      #expect(outcome.status != 0 && outcome.ownErrors.contains("no/folder/t.json"))
      #expect(!laboratory.exists("untraced/metrics.jsonl"))
    }
  }
}
