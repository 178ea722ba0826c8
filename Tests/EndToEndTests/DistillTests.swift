import Foundation
import Testing

extension EndToEnd {
  @Suite("Distillation")
  struct DistillTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private let heads = [
      "triplets.root=corpus/fec", "triplets.per_micro_batch=1", "triplets.hidden=16",
      "loss.concordance=1",
    ]
    private var student: [String] {
      heads + [
        "distill.teacher=teacher-of-students", "distill.affect=0.5", "distill.embedding=1",
        "unlabeled.list=corpus/unlabeled", "unlabeled.per_micro_batch=2", "train.max_steps=6",
        "checkpoint.every_steps=2", "data.augmentation.randaugment_operations=2",
      ]
    }

    /// Trains the teacher unless another test has.
    private func teacher() throws {
      try Self.lock.withLock {
        try laboratory.trainOnce("teacher-of-students", heads + ["train.max_steps=4"])
      }
    }
    private static let lock = NSLock()

    private func train(
      _ run: String, ranks: Int? = nil, resume: String = "never", _ overrides: [String]
    ) throws {
      let outcome = try laboratory.start(
        run, stage: "distill", ranks: ranks, resume: resume, overrides
      ).wait()
      try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
    }

    @Test("stored outputs and mixed samples: the same weights for any number of ranks and a kill")
    func stored() throws {
      try teacher()
      let overrides =
        student + ["data.augmentation.mixup=0.3", "unlabeled.balance=sampling"]
      try train("student-1", overrides)
      let job = try laboratory.start(
        "student-4", stage: "distill", ranks: 4, slowly: true, overrides)
      try laboratory.wait(for: "student-4", step: 3, job)
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try train("student-4", ranks: 2, resume: "auto", overrides)
      #expect(try laboratory.finalModel("student-1") == laboratory.finalModel("student-4"))
      let evaluation = try laboratory.run("aver", ranks: 2, ["evaluate", "student-1", "--json"])
      #expect(evaluation.status == 0, "\(evaluation.errors)")
      #expect(evaluation.output.contains("\"triplets\":{"))
    }

    @Test(
      "a teacher that sees the student's crops: the same weights, and others than of whole faces")
    func crops() throws {
      try teacher()
      let overrides = student + ["distill.view=crop", "data.augmentation.crop_scale=[0.6, 0.9]"]
      try train("crops-1", overrides)
      let job = try laboratory.start("crops-2", stage: "distill", ranks: 2, slowly: true, overrides)
      try laboratory.wait(for: "crops-2", step: 3, job)
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      try train("crops-2", ranks: 4, resume: "auto", overrides)
      #expect(try laboratory.finalModel("crops-1") == laboratory.finalModel("crops-2"))
      try train("crops-whole", overrides + ["distill.view=whole"])
      #expect(try laboratory.finalModel("crops-1") != laboratory.finalModel("crops-whole"))
    }

    @Test("SIGUSR1 is heard while the teacher is asked, and what it has answered is kept")
    func stoppedWhileAsking() throws {
      try teacher()
      let unlabeled = "\(laboratory.folder)/corpus/unlabeled"
      let faces = try FileManager.default.subpathsOfDirectory(atPath: unlabeled)
        .filter { $0.hasSuffix(".jpg") }.sorted()
      // More than one file of answers holds.
      let lines = (0..<12_000).map { "corpus/unlabeled/\(faces[$0 % faces.count])\n" }
      try Data(lines.joined().utf8)
        .write(to: URL(fileURLWithPath: "\(laboratory.folder)/many.txt"))
      let overrides =
        student + ["unlabeled.list=many.txt", "distill.outputs=answers", "train.max_steps=2"]
      func answers() throws -> Set<String> {
        let files = FileManager.default.enumerator(atPath: "\(laboratory.folder)/answers")
        return Set((files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix("tensors") })
      }
      let job = try laboratory.start("asking", stage: "distill", ranks: 2, overrides)
      // The labelled faces' file, and the first of the others.
      try job.wait { try answers().count == 2 }
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      #expect(try answers().count == 2)
      #expect(!laboratory.exists("asking/final/model.safetensors"))
      let resumed = try laboratory.start(
        "asking", stage: "distill", resume: "auto", overrides
      ).wait()
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.components(separatedBy: "teacher's outputs for ").count == 2)
      #expect(resumed.output.contains("teacher's outputs for 12000 of 12000"))
      #expect(try answers().count == 3)
    }

    @Test("images that come and go between the student's reading and the teacher's end nothing")
    func comingAndGoing() throws {
      try teacher()
      try laboratory.copyFaces(to: "coming-and-going", unreadable: [])
      let folder = "\(laboratory.folder)/coming-and-going"
      let rows = try String(contentsOfFile: "\(folder)/training.csv", encoding: .utf8)
        .split(separator: "\n")
      let images = rows[1..<31].compactMap { $0.split(separator: ",").first }.map {
        "\(folder)/\($0)"
      }
      let job = try laboratory.start(
        "coming-and-going-run", stage: "distill",
        student + [
          "data.root=coming-and-going", "data.on_error=skip", "data.skip_limit=1000",
          "distill.view=crop", "train.max_steps=12",
        ])
      while job.isRunning {
        for image in images { rename(image, image + ".away") }
        usleep(2_000)
        for image in images { rename(image + ".away", image) }
        usleep(2_000)
      }
      let outcome = try job.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = laboratory.metrics("coming-and-going-run").filter { $0.split == "training" }
      #expect(lines.last?.step == 12 && lines.contains { $0.skipped > 0 })
    }

    @Test("what all stages have in common: the same bits for any number of ranks and a kill")
    func acrossStages() throws {
      try teacher()
      try AcrossStages(folder: laboratory.folder) { run, ranks, resume, overrides in
        try laboratory.start(run, stage: "distill", ranks: ranks, resume: resume, overrides)
      }.check("student-across", student)
    }

    @Test("outputs in a folder of their own are computed once")
    func reused() throws {
      try teacher()
      let overrides = student + ["distill.outputs=outputs", "train.max_steps=2"]
      func run(_ name: String) throws -> String {
        let outcome = try laboratory.start(name, stage: "distill", overrides).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      #expect(try run("reused-first").contains("teacher's outputs for"))
      #expect(try !run("reused-second").contains("teacher's outputs for"))
      #expect(
        try laboratory.finalModel("reused-first") == laboratory.finalModel("reused-second"))
    }

    @Test(
      "faces that cannot be read are told and counted, and asked about again when they are back")
    func unreadable() throws {
      try teacher()
      let corpus = "\(laboratory.folder)/unreadable"
      try laboratory.copyFaces(to: "unreadable", unreadable: [])
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/corpus/unlabeled", toPath: "\(corpus)/unlabeled")
      let faces = try FileManager.default.subpathsOfDirectory(atPath: "\(corpus)/unlabeled")
        .filter { $0.hasSuffix(".jpg") }
      let image = "\(corpus)/unlabeled/\(try #require(faces.sorted().dropFirst(3).first))"
      func start(
        _ name: String, _ outputs: String, ranks: Int?, resume: String = "never"
      ) throws -> Outcome {
        try laboratory.start(
          name, stage: "distill", ranks: ranks, resume: resume,
          student + [
            "data.root=unreadable", "unlabeled.list=unreadable/unlabeled", "data.on_error=skip",
            "distill.outputs=\(outputs)", "train.max_steps=2",
          ]
        ).wait()
      }
      func run(_ name: String, _ outputs: String, ranks: Int?) throws -> String {
        let outcome = try start(name, outputs, ranks: ranks)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      let whole = try Data(contentsOf: URL(fileURLWithPath: image))
      try Data("no image".utf8).write(to: URL(fileURLWithPath: image))
      let output = try run("unreadable-1", "outputs-of-unreadable", ranks: 2)
      #expect(output.contains("1 faces without labels could not be read"), "\(output)")
      #expect(
        laboratory.metrics("unreadable-1").filter { $0.split == "training" }.last?.skipped == 1)
      let log = try String(
        contentsOfFile: "\(laboratory.folder)/unreadable-1/logs/rank-0000.log", encoding: .utf8)
      #expect(log.contains("skipped unreadable/unlabeled"))
      try whole.write(to: URL(fileURLWithPath: image))
      #expect(
        try !run("unreadable-2", "outputs-of-unreadable", ranks: 4)
          .contains("could not be read"))
      _ = try run("unreadable-3", "other-outputs-of-unreadable", ranks: nil)
      #expect(
        try laboratory.finalModel("unreadable-2") == laboratory.finalModel("unreadable-3"))
      #expect(
        try laboratory.finalModel("unreadable-1") != laboratory.finalModel("unreadable-3"))
      // What has begun without a face cannot go on with it.
      let resumed = try start("unreadable-1", "outputs-of-unreadable", ranks: 2, resume: "auto")
      #expect(resumed.status == 64)
      #expect(resumed.errors.contains("that the teacher has answered for are not the same"))
    }

    @Test("weights that are not there are told before the teacher is asked")
    func weightsFirst() throws {
      try teacher()
      let outcome = try laboratory.start(
        "weights-first", stage: "distill", student + ["model.weights=nope"]
      ).wait()
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("model.weights: 'nope' cannot be read"))
      #expect(!outcome.output.contains("teacher's outputs"))
    }

    @Test("generations: each student teaches the next, and what is finished is not done again")
    func generations() throws {
      try teacher()
      let overrides = student + ["distill.generations=2", "train.max_steps=3"]
      try train("generations-1", overrides)
      let job = try laboratory.start(
        "generations-2", stage: "distill", ranks: 2, slowly: true, overrides)
      try laboratory.wait(for: "generations-2", step: 1, job)
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try train("generations-2", ranks: 4, resume: "auto", overrides)
      #expect(
        try laboratory.finalModel("generations-1") == laboratory.finalModel("generations-2"))
      #expect(
        try laboratory.finalModel("generations-1")
          != laboratory.finalModel("generations-1/generation-1"))
      func lines(_ file: String) throws -> Set<Substring> {
        let text = try String(
          contentsOfFile: "\(laboratory.folder)/generations-1/\(file)", encoding: .utf8)
        return Set(text.split(separator: "\n"))
      }
      let whole = ["seed: 5", "  generations: 2", "  teacher: \"teacher-of-students\""]
      #expect(try lines("generations.yaml").isSuperset(of: whole.map { $0[...] }))
      let last = ["seed: 6", "  generations: 1", "  teacher: \"generations-1/generation-1\""]
      #expect(try lines("config.yaml").isSuperset(of: last.map { $0[...] }))
      // Both go on where there is nothing left to do.
      let final = try laboratory.finalModel("generations-1")
      for file in ["generations.yaml", "config.yaml"] {
        let outcome = try laboratory.run(
          "aver-train",
          [
            "distill", "--config", "generations-1/\(file)", "--run", "generations-1", "--resume",
            "auto",
          ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try laboratory.finalModel("generations-1") == final)
      }
    }

    @Test("a finished generation is kept only where nothing that it was made of has changed")
    func changedGenerations() throws {
      try teacher()
      try copyTeacher(to: "teacher-of-generations")
      let overrides =
        student + [
          "distill.generations=2", "distill.teacher=teacher-of-generations", "train.max_steps=2",
          "checkpoint.every_steps=1",
        ]
      try train("changing", overrides)
      func resume(_ changes: [String]) throws -> Outcome {
        try laboratory.start("changing", stage: "distill", resume: "auto", overrides + changes)
          .wait()
      }
      // As a stop after the first generation leaves it.
      for name in ["checkpoints", "final", "best", "config.yaml"] {
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/changing/\(name)")
      }
      for (change, message) in [
        ("optimizer.learning_rate=0.5", "optimizer.learning_rate: 0.0003 -> 0.5"),
        ("distill.temperature=3", "distill.temperature: 2.0 -> 3.0"), ("seed=9", "seed: 5 -> 9"),
        // The best of its models teaches the next generation.
        ("evaluation.every=7 steps", "evaluation.every: "), ("best.metric=uar", "best.metric: "),
        ("distill.generations=3", "distill.generations: changing is a run of 2, not 3"),
      ] {
        let outcome = try resume([change])
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
      }
      try exchangeModel(of: "teacher-of-generations")
      let outcome = try resume([])
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("or another model"), "\(outcome.errors)")
    }

    /// Copies the teacher's run folder.
    private func copyTeacher(to name: String) throws {
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/teacher-of-students", toPath: "\(laboratory.folder)/\(name)"
      )
    }

    /// Puts another model in the place of a run's best.
    private func exchangeModel(of run: String) throws {
      try Self.lock.withLock {
        try laboratory.trainOnce("other-teacher", heads + ["seed=6", "train.max_steps=2"])
      }
      let best = "\(laboratory.folder)/\(run)/best"
      try FileManager.default.removeItem(atPath: best)
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/other-teacher/best", toPath: best)
    }

    @Test("another teacher in the place of the first is noticed")
    func changedTeacher() throws {
      try teacher()
      try copyTeacher(to: "changed-teacher")
      let overrides = student + ["distill.teacher=changed-teacher", "train.max_steps=2"]
      try train("of-changed-teacher", overrides)
      try exchangeModel(of: "changed-teacher")
      let outcome = try laboratory.start(
        "of-changed-teacher", stage: "distill", resume: "auto", overrides
      ).wait()
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("or another model"), "\(outcome.errors)")
    }

    @Test(
      "what cannot be taught is refused by its key",
      arguments: [
        (["distill.teacher=nowhere"], 65, "distill.teacher: 'nowhere/config.yaml' does not exist"),
        (["unlabeled.list=nowhere"], 65, "unlabeled.list: 'nowhere' does not exist"),
        (["unlabeled.list=u"], 65, "unlabeled.list: 'u' does not exist"),
        (["unlabeled.list=null"], 64, "unlabeled.per_micro_batch: needs unlabeled.list"),
        (["batch.global=4096"], 64, "3 of the 8 rows of a micro-batch are such faces), and"),
        (["unlabeled.per_micro_batch=0"], 64, "unlabeled.per_micro_batch: is 0"),
        (["unlabeled.per_micro_batch=5"], 64, "leave none of the 8 rows"),
        (["unlabeled.confidence=0.9999999"], 64, "unlabeled.confidence: the teacher is as sure"),
        (["triplets.dimensions=5"], 64, "triplets.dimensions: the teacher's embedding has 16"),
        (["data.alignment=eyes"], 64, "data.alignment: the teacher was trained with box"),
        (
          ["distill.classes=0", "distill.affect=0", "distill.embedding=0"], 64,
          "distill.classes: is 0"
        ),
      ])
    func refused(overrides: [String], status: Int32, message: String) throws {
      try teacher()
      let outcome = try laboratory.start(
        "refused-\(UUID().uuidString)", stage: "distill", student + overrides
      ).wait()
      #expect(outcome.status == status)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("what speaks against a teaching is told: validation faces, and a run that goes on")
    func told() throws {
      try teacher()
      try copyTeacher(to: "teacher-under-way")
      try FileManager.default.removeItem(
        atPath: "\(laboratory.folder)/teacher-under-way/final/model.safetensors")
      let outcome = try laboratory.start(
        "told", stage: "distill",
        student + [
          "distill.teacher=teacher-under-way", "unlabeled.list=corpus/affectnet/validation.csv",
          "train.max_steps=2",
        ]
      ).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("the teacher's run has not finished (step 4 of 4)"))
      #expect(
        outcome.output.contains(
          "warning: 40 faces without labels are of corpus/affectnet/validation.csv"),
        "\(outcome.output)")
    }

    @Test("a file of another stage is refused by its line")
    func otherStage() throws {
      try Data("stage: distill\ndata: {root: corpus/affectnet}\n".utf8)
        .write(to: URL(fileURLWithPath: "\(laboratory.folder)/student.yaml"))
      let outcome = try laboratory.run(
        "aver-train", ["teacher", "--config", "student.yaml", "--run", "of-other-stage"])
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("student.yaml:1: stage: must be teacher"))
    }
  }
}
