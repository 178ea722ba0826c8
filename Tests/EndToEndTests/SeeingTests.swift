import Foundation
import TestSupport
import Testing

/// Python with tensorboard; nil where there is none.
let tensorBoardPython = PythonScript.interpreter(
  having: "tensorboard.backend.event_processing", named: "AVER_TENSORBOARD_PYTHON")

extension EndToEnd {
  /// What there is to look at, and what evaluations tell.
  @Suite("Seeing")
  struct SeeingTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private let overrides = [
      "train.max_steps=4", "evaluation.every=2 steps", "loss.concordance=1",
      "triplets.root=corpus/fec", "triplets.per_micro_batch=1",
    ]

    /// A run of four steps with every head; made once.
    private func train(
      _ run: String, ranks: Int? = nil, _ more: [String] = []
    ) throws -> String {
      try laboratory.trainOnce(run, ranks: ranks, overrides + more)
      return run
    }

    private func text(_ file: String) throws -> String {
      try String(contentsOfFile: "\(laboratory.folder)/\(file)", encoding: .utf8)
    }

    // MARK: - The report

    @Test("a run leaves a report with curves, confusion, faces and valence and arousal")
    func report() throws {
      let run = try train("report", ranks: 2)
      let html = try text("\(run)/report.html")
      for part in [
        "finished after step 4", "Learning", "Confusion matrix of", "Calibration: ECE",
        "Valence and arousal", "data:image/jpeg;base64,", "Throughput", "Kernels", "seed: 5",
      ] {
        #expect(html.contains(part), "\(part)")
      }
      #expect(html.utf8.count < 1_000_000)
      // As the page is written beside and renamed, nothing else is left.
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(laboratory.folder)/\(run)")
      #expect(names.filter { $0.hasPrefix("report") } == ["report.html"])
    }

    @Test("without images, nobody's face is in the report or with TensorBoard")
    func withoutImages() throws {
      let run = try train("faceless", ["logging.images=false"])
      #expect(try !text("\(run)/report.html").contains("data:image"))
      let events = try #require(
        try FileManager.default.contentsOfDirectory(atPath: "\(laboratory.folder)/\(run)")
          .first { $0.hasPrefix("events.") })
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: "\(laboratory.folder)/\(run)/\(events)"))
      // Behind the name, the field of an image; there are images a second, too.
      #expect(bytes.range(of: Data("training/images\u{22}".utf8)) == nil)
      #expect(bytes.range(of: Data("weights/conv1.weight".utf8)) != nil)
    }

    @Test(
      "what is looked at changes no bit of the weights, and a report shows the same for any ranks")
    func sameBits() throws {
      let with = try train("report", ranks: 2)
      let without = try train(
        "unseen", ["logging.images=false", "logging.histograms=false"])
      #expect(try laboratory.finalModel(with) == laboratory.finalModel(without))
      let alone = try train("report-alone")
      #expect(try faces(with) == faces(alone) && !faces(with).isEmpty)
    }

    /// The part of a report that tells of the evaluation.
    private func faces(_ run: String) throws -> String {
      let html = try text("\(run)/report.html")
      let start = try #require(html.range(of: "<h2>Classes"))
      let end = try #require(html.range(of: "<h2>Throughput"))
      return String(html[start.lowerBound..<end.lowerBound])
    }

    @Test("a run that is stopped shows its curves up to there")
    func stopped() throws {
      let run = "stopped-and-seen"
      let job = try laboratory.start(
        run, slowly: true, overrides + ["evaluation.every=1 epochs"])
      try laboratory.wait(for: run, step: 1, job)
      job.send(SIGUSR1)
      let status = try job.wait().status
      // It may have come to its end before the signal did.
      let html = try text("\(run)/report.html")
      #expect(
        status == 75
          ? html.contains("stopped after step") && html.contains("not evaluated yet")
          : html.contains("finished after step 4"))
      #expect(html.contains("<b>Loss</b>"))
    }

    @Test("a report that cannot be written ends no training")
    func unwritable() throws {
      try FileManager.default.createDirectory(
        atPath: "\(laboratory.folder)/hidden/report.html/in the way",
        withIntermediateDirectories: true)
      let outcome = try laboratory.start("hidden", ranks: 2, overrides).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("warning: what is to be seen is not up to date: "))
      #expect(outcome.output.contains("rename failed"))
      #expect(
        try laboratory.finalModel("hidden") == laboratory.finalModel(train("report", ranks: 2)))
    }

    // MARK: - TensorBoard

    private static let reading = """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      from tensorboard.util import tensor_util
      events = EventAccumulator(sys.argv[1], size_guidance={
          "scalars": 0, "histograms": 0, "images": 0, "tensors": 0}).Reload()
      tags = events.Tags()
      image = events.Images("training/images")
      matrix = events.Images("validation/confusion_matrix")
      weights = events.Histograms("weights/conv1.weight")
      print(json.dumps({
          "scalars": {tag: [e.step for e in events.Scalars(tag)] for tag in tags["scalars"]},
          "norms": [tag for tag in tags["scalars"] if tag.startswith("gradient_norms/")],
          "images": [e.step for e in image],
          "image_starts": [e.encoded_image_string[:3].hex() for e in image + matrix],
          "matrices": [[e.step, e.width, e.height] for e in matrix],
          "histograms": [e.step for e in weights],
          "counts": [e.histogram_value.num for e in weights],
          "buckets": [sum(e.histogram_value.bucket) for e in weights],
          "confusion": [e.step for e in events.Tensors("validation/confusion")],
          "table": tensor_util.make_ndarray(
              events.Tensors("validation/confusion")[-1].tensor_proto).item().decode(),
      }))
      """

    private struct Events: Decodable {
      var scalars: [String: [Int]]
      var norms: [String]
      var images: [Int]
      var imageStarts: [String]
      var matrices: [[Int]]
      var histograms: [Int]
      var counts: [Double]
      var buckets: [Double]
      var confusion: [Int]
      var table: String
    }

    @Test(
      "TensorBoard reads scalars, histograms, images and the confusion matrix of an interrupted run",
      .enabled(
        if: tensorBoardPython != nil,
        "needs a python3 with tensorboard (AVER_TENSORBOARD_PYTHON)"))
    func tensorBoard() throws {
      let run = "interrupted-and-seen"
      let more = overrides + ["train.max_steps=6", "checkpoint.every_steps=1"]
      let job = try laboratory.start(run, slowly: true, more)
      try laboratory.wait(for: run, step: 3, job)
      job.send(SIGUSR1)
      let status = try job.wait().status
      if status == 75 { try laboratory.train(run, resume: "auto", more) }
      let found = try PythonScript.run(
        tensorBoardPython ?? "", Self.reading, ["\(laboratory.folder)/\(run)"])
      try #require(found.status == 0)
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let events = try decoder.decode(Events.self, from: found.output)
      #expect(events.scalars["training/loss"] == [1, 2, 3, 4, 5, 6])
      for tag in ["learning_rate", "images_per_second", "data_wait"] {
        #expect(events.scalars["training/\(tag)"]?.count == 6, "\(tag)")
      }
      #expect(events.scalars["validation/accuracy"] == [2, 4, 6])
      #expect(events.scalars["validation/ece"] == [2, 4, 6])
      #expect(events.images == [2, 4, 6] && events.histograms == [2, 4, 6])
      #expect(events.confusion == [2, 4, 6] && events.table.hasPrefix("| true class | neutral |"))
      #expect(Set(events.imageStarts) == ["ffd8ff"])
      #expect(events.matrices.map { $0[0] } == [2, 4, 6])
      #expect(events.matrices.allSatisfy { $0[1] > 500 && $0[2] > 300 })
      // conv1 is [64, 3, 7, 7]: what pads its layout is not counted.
      #expect(Set(events.counts) == [9408] && Set(events.buckets) == [9408])
      #expect(events.norms.contains("gradient_norms/layer4.0.conv2.weight"))
    }

    // MARK: - Evaluation

    @Test(
      "intervals and calibration are in the table and in JSON, the same for any number of ranks")
    func intervals() throws {
      let run = try train("report", ranks: 2)
      let alone = try laboratory.run("aver", ["evaluate", run, "--json", "--bootstrap", "50"])
      let three = try laboratory.run(
        "aver", ranks: 3, ["evaluate", run, "--json", "--bootstrap", "50"])
      try #require(alone.status == 0 && three.status == 0, "\(alone.errors)\(three.errors)")
      #expect(alone.output == three.output)
      let object = try JSONSerialization.jsonObject(with: Data(alone.output.utf8))
      let members = try #require(object as? [String: Any])
      let bootstrap = try #require(members["bootstrap"] as? [String: Any])
      let intervals = try #require(bootstrap["intervals"] as? [String: [Double]])
      #expect(bootstrap["replicates"] as? Int == 50)
      for name in ["accuracy", "accuracy_7", "uar", "valence_ccc", "arousal_rmse"] {
        let ends = try #require(intervals[name], "\(name)")
        #expect(ends.count == 2 && ends[0] <= ends[1])
      }
      #expect(intervals["triplet_accuracy"] != nil)
      #expect((members["ece"] as? Double).map { (0...1).contains($0) } == true)
      let table = try laboratory.run("aver", ["evaluate", run])
      #expect(table.output.contains("95 % intervals over 1000 bootstrap replicates"))
      #expect(table.output.contains("calibration  ECE"))
      let none = try laboratory.run("aver", ["evaluate", run, "--bootstrap", "0"])
      #expect(none.status == 0 && !none.output.contains("bootstrap"))
      #expect(try laboratory.run("aver", ["evaluate", run, "--bootstrap", "-1"]).status == 64)
    }

    @Test("the features of a run are tried on RAF-DB, the same for any number of ranks")
    func probe() throws {
      let run = try train("report", ranks: 2)
      let arguments = ["evaluate", run, "--probe", "corpus/rafdb", "--bootstrap", "50"]
      let outputs = try [1, 2, 3].map { ranks in
        let outcome = try laboratory.run("aver", ranks: ranks, arguments + ["--json"])
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      #expect(outputs[1] == outputs[0] && outputs[2] == outputs[0])
      let object = try JSONSerialization.jsonObject(with: Data(outputs[0].utf8))
      let members = try #require(object as? [String: Any])
      #expect(members["features"] as? Int == 128)
      for part in ["linear", "nearest"] {
        let found = try #require(members[part] as? [String: Any])
        let accuracy = try #require(found["accuracy"] as? Double)
        // A hardly trained backbone is still better than chance.
        #expect(accuracy > 1.0 / 7, "\(part)")
        #expect((found["confusion"] as? [[Int]])?.count == 7)
        #expect(found["bootstrap"] != nil)
      }
      let table = try laboratory.run("aver", arguments)
      #expect(table.output.contains("linear probe, penalty"))
      #expect(table.output.contains("nearest neighbour"))
    }

    @Test("a folder that is no RAF-DB, or another list, is refused")
    func refusedProbes() throws {
      let run = try train("report", ranks: 2)
      let wrong = try laboratory.run("aver", ["evaluate", run, "--probe", "corpus/affectnet"])
      #expect(wrong.status == 64 && wrong.errors.contains("--probe: 'corpus/affectnet/EmoLabel"))
      let both = try laboratory.run(
        "aver", ["evaluate", run, "--probe", "corpus/rafdb", "--data", "x.csv"])
      #expect(both.status == 64 && both.errors.contains("--probe"))
    }
  }
}
