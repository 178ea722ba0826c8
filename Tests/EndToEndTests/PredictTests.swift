import Foundation
import Testing

extension EndToEnd {
  /// Predictions of films, sounds and pictures as files and through pipes.
  @Suite("Predict")
  struct PredictTests {
    private let laboratory: FusionLaboratory
    private var folder: String { laboratory.folder }
    private let photo = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "MediaTests/Fixtures/face.jpg").path
    private let pattern = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "MediaTests/Fixtures/grey.png").path
    private let movie = "corpus/recola/recordings_video/train_1.mp4"
    private let sound = "corpus/recola/recordings_audio/train_1.wav"

    init() throws {
      laboratory = try FusionLaboratory.shared.get()
      try laboratory.trainOnce("predicted")
    }

    private func predict(_ arguments: [String]) throws -> Outcome {
      try laboratory.run("aver", ["predict"] + arguments)
    }

    private func table(_ outcome: Outcome) -> [[Substring]] {
      outcome.output.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
    }

    @Test("a photograph gives a row for its face, as CSV and as JSON, and a picture")
    func photograph() throws {
      let outcome = try predict(["eyes", photo, "--plot", "photo.svg"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let rows = table(outcome)
      #expect(rows.count == 2 && rows[0].prefix(2) == ["face", "x"] && rows[0].count == 16)
      let probabilities = rows[1][6..<14].compactMap { Double($0) }
      #expect(abs(probabilities.reduce(0, +) - 1) < 1e-3)
      let json = try predict(["eyes", photo, "--format", "jsonl"])
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
      #expect(object["expression"] as? String == String(rows[1][5]))
      let drawn = try String(contentsOfFile: "\(folder)/photo.svg", encoding: .utf8)
      #expect(drawn.hasPrefix("<?xml"))
    }

    @Test("a picture without a face says so, and is one where that is asked for")
    func faceless() throws {
      let none = try predict(["eyes", pattern])
      #expect(none.status == 0 && table(none).count == 1, "\(none)")
      #expect(none.errors.contains("no face was found"))
      let whole = try predict(["eyes", pattern, "--faces", "whole"])
      #expect(whole.status == 0 && table(whole).count == 2, "\(whole)")
    }

    @Test(
      "a film gives a row for each frame; the film with predictions drawn has as many and its sound"
    )
    func film() throws {
      let outcome = try predict([
        "predicted", movie, "--output", "film.csv", "--plot", "film.png", "--overlay", "drawn.mp4",
        "--force",
      ])
      #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome)")
      let rows = try String(contentsOfFile: "\(folder)/film.csv", encoding: .utf8)
        .split(separator: "\n")
      #expect(rows.count == 126 && rows[0].hasPrefix("frame,seconds,x,y,width,height,expression"))
      #expect(rows[1].split(separator: ",", omittingEmptySubsequences: false).last != "")
      let again = try predict(["predicted", "drawn.mp4"])
      #expect(again.status == 0 && table(again).count == 126, "\(again.errors)")
      #expect(!again.errors.contains("no sound"))
      #expect(laboratory.names(beginning: "drawn.mp4") == ["drawn.mp4"])
    }

    @Test("what comes through a pipe is predicted like a file")
    func pipe() throws {
      for (run, file) in [("ears", sound), ("predicted", movie), ("eyes", photo)] {
        let named = try predict([run, file])
        let path = file.hasPrefix("/") ? file : "\(folder)/\(file)"
        let piped = try laboratory.pipe(path, "aver", ["predict", run, "-"])
        #expect(named.status == 0 && piped.status == 0, "\(named.errors)\(piped.errors)")
        #expect(piped.output == named.output)
      }
      let named = try predict(["ears", sound])
      // What a shell makes of a process is a path.
      let shell = try laboratory.shell(
        "AVER predict ears <(cat '\(folder)/\(sound)') && AVER predict ears /dev/stdin "
          + "< <(cat '\(folder)/\(sound)')")
      #expect(shell.status == 0 && shell.output == named.output + named.output, "\(shell.errors)")
      let broken = try laboratory.pipe("/dev/null", "aver", ["predict", "eyes", "-"])
      #expect(
        broken.status == 65 && broken.errors.contains("standard input: is empty"), "\(broken)")
    }

    @Test(
      "sound alone is predicted by what hears, and by fusion that has learned to do without film")
    func sounds() throws {
      let ears = try predict(["ears", sound])
      #expect(ears.status == 0 && table(ears).count == 126, "\(ears.errors)")
      #expect(table(ears)[0].contains("angry") && !table(ears)[0].contains("width"))
      let fusion = try predict(["predicted", sound])
      #expect(fusion.status == 0 && fusion.errors.contains("has learned to do without"))
    }

    @Test("a film is not replaced by what is drawn on it, and what nobody taught is not predicted")
    func honest() throws {
      let content = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(movie)"))
      try content.write(to: URL(fileURLWithPath: "\(folder)/own.mp4"))
      let own = try predict(["eyes", "own.mp4", "--overlay", "./own.mp4", "--force"])
      #expect(own.status == 64 && own.errors.contains("is read, and"), "\(own)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/own.mp4")) == content)

      // The corpus as it would be without anybody who labelled valence and arousal.
      let list = try String(
        contentsOfFile: "\(folder)/corpus/affectnet/training.csv", encoding: .utf8)
      let unlabeled = list.split(separator: "\n").enumerated().map { index, line in
        index == 0
          ? String(line)
          : (line.split(separator: ",", omittingEmptySubsequences: false).dropLast(2)
            + ["-2", "-2"]).joined(separator: ",")
      }
      try Data((unlabeled.joined(separator: "\n") + "\n").utf8).write(
        to: URL(fileURLWithPath: "\(folder)/corpus/affectnet/unlabeled.csv"))
      let training = try laboratory.finish(
        "aver-train",
        [
          "teacher", "--config", "eyes.yaml", "--run", "untaught", "--resume", "auto",
          "data.train=unlabeled.csv", "loss.concordance=1",
        ])
      #expect(
        (training.output + training.errors).contains("predictions and exports leave it out"),
        "\(training.output)\(training.errors)")
      for checkpoint in ["best", "latest"] {
        let outcome = try predict(["untaught", photo, "--checkpoint", checkpoint])
        #expect(outcome.status == 0 && outcome.errors.contains("has not learned"), "\(outcome)")
        #expect(table(outcome)[1].suffix(2) == ["", ""])
      }
    }

    @Test("what a list without any labels was to teach is neither predicted nor taught on")
    func withoutLabels() throws {
      try laboratory.finish("aver", ["pack", "corpus/affectnet", "nameless.tar"])
      let training = try laboratory.finish(
        "aver-train",
        [
          "teacher", "--config", "eyes.yaml", "--run", "nameless", "--resume", "auto",
          "data.train=../../nameless.index", "loss.concordance=1",
        ])
      #expect((training.output + training.errors).contains("has an expression"))
      let outcome = try predict(["nameless", photo])
      #expect(outcome.status == 0 && outcome.errors.contains("not learned classes"), "\(outcome)")
      #expect(table(outcome)[0].joined(separator: ",") == "face,x,y,width,height,valence,arousal")
      #expect(table(outcome)[1].suffix(2) == ["", ""])
      let film = try predict(["nameless", movie])
      #expect(film.status != 0 && film.errors.contains("had no labels of anything"), "\(film)")
      let configuration = try String(contentsOfFile: "\(folder)/eyes.yaml", encoding: .utf8)
        .replacing("stage: teacher", with: "stage: distill\ndistill: {teacher: nameless}")
      try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/nameless.yaml"))
      let student = try laboratory.run(
        "aver-train", ["distill", "--config", "nameless.yaml", "--run", "nameless-student"])
      #expect(student.status == 64 && student.errors.contains("distill.classes"), "\(student)")
    }

    @Test("who is interrupted leaves nothing unfinished behind", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) throws {
      let file = "interrupted-\(signal)"
      let command = try RunningCommand(
        "aver",
        [
          "predict", "predicted", movie, "--output", "\(file).csv", "--overlay", "\(file).mp4",
          "--face-interval", "0",
        ], in: folder)
      while command.isRunning, laboratory.names(beginning: file).isEmpty { usleep(1_000) }
      command.send(signal)
      let outcome = try command.wait()
      let names = laboratory.names(beginning: file)
      #expect(!names.contains { $0.hasSuffix(".writing") }, "\(outcome) \(names)")
      #expect(outcome.status != 0, "\(outcome)")
    }

    @Test(
      "what cannot work is refused by name",
      arguments: [
        (["eyes", "corpus/recola/recordings_audio/train_1.wav"], 64, "is sound alone"),
        (["ears", "PHOTO"], 64, "is a picture"),
        (["predicted", "PHOTO"], 64, "is a picture"),
        (["eyes", "nowhere.mp4"], 65, "nowhere.mp4: cannot be read"),
        (["eyes", "fusion.yaml"], 65, "fusion.yaml"),
        (["eyes", "corpus"], 65, "not a regular file"),
        (["eyes", "PHOTO", "--overlay", "x.mp4"], 64, "--overlay draws on a film"),
        (["eyes", "PHOTO", "--overlay", "x.avi"], 64, "end in .mp4"),
        (["eyes", "PHOTO", "--plot", "x.pdf"], 64, "end in .png or .svg"),
        (["eyes", "PHOTO", "--output", "fusion.yaml"], 64, "--force"),
        (["eyes", "PHOTO", "--output", "x.csv", "--plot", "x.csv"], 64, ".png"),
        (["eyes", "PHOTO", "--output", "eyes/config.yaml", "--force"], 64, "is read, and"),
        (
          [
            "predicted", "corpus/recola/recordings_audio/train_1.wav", "--output",
            "./ears/best/model.safetensors", "--force",
          ], 64, "is read, and"
        ),
        (["eyes", "PHOTO", "--output", "/proc/x.csv"], 70, "/proc/x.csv"),
        (["nowhere", "PHOTO"], 65, "is this the folder of a run?"),
        (["eyes", "PHOTO", "--minimum-face", "1"], 64, "minimum face"),
        (["eyes", "PHOTO", "--threads", "0"], 64, "threads"),
      ])
    func refusals(arguments: [String], status: Int32, words: String) throws {
      let outcome = try predict(arguments.map { $0 == "PHOTO" ? photo : $0 })
      #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome)")
      #expect(laboratory.names(beginning: "x.").isEmpty)
    }
  }
}

extension FusionLaboratory {
  /// Names in the folder.
  fileprivate func names(beginning prefix: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(prefix) }
  }

  /// Runs a command whose standard input is a pipe through which a file comes.
  fileprivate func pipe(_ file: String, _ name: String, _ arguments: [String]) throws -> Outcome {
    let quoted = try ([Executables.path(of: name)] + arguments).map { "'\($0)'" }
      .joined(separator: " ")
    return try shell("cat '\(file)' | \(quoted)")
  }

  /// Runs commands of a shell, in which `AVER` is the program.
  fileprivate func shell(_ commands: String) throws -> Outcome {
    let words = try commands.replacing("AVER", with: "'\(Executables.path(of: "aver"))'")
    let outputs = ["out", "err"].map { "\(folder)/\(UUID().uuidString).\($0)" }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [
      "-c", "{ \(words); } >'\(outputs[0])' 2>'\(outputs[1])'",
    ]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: try String(contentsOfFile: outputs[0], encoding: .utf8),
      errors: try String(contentsOfFile: outputs[1], encoding: .utf8))
  }
}
