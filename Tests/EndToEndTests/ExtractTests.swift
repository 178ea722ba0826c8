import Foundation
import Testing

extension EndToEnd {
  /// Features of images, films and sounds, by any number of ranks and through interruptions.
  @Suite("Extract")
  struct ExtractTests {
    private let laboratory: FusionLaboratory
    private var folder: String { laboratory.folder }

    init() throws { laboratory = try FusionLaboratory.shared.get() }

    private func extract(
      _ output: String, run: String = "eyes", ranks: Int? = nil, _ inputs: [String],
      _ options: [String] = []
    ) throws -> Outcome {
      try laboratory.run(
        "aver", ranks: ranks,
        ["extract", run] + inputs + ["--output", output, "--force"] + options)
    }

    private func bytes(_ file: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
    }

    private func lines(_ file: String) throws -> [Substring] {
      String(decoding: try bytes(file), as: UTF8.self).split(separator: "\n")
    }

    @Test("images and films have the same features for 1, 2 and 4 ranks, in the order of the input")
    func anyNumberOfRanks() throws {
      let inputs = ["corpus/affectnet", "corpus/recola/recordings_video"]
      let one = try extract("one.npy", inputs)
      #expect(one.status == 0, "\(one.errors)")
      for ranks in [2, 4] {
        let outcome = try extract("many.npy", ranks: ranks, inputs)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try bytes("many.npy") == bytes("one.npy"), "\(ranks) ranks")
        #expect(try bytes("many.rows.csv") == bytes("one.rows.csv"), "\(ranks) ranks")
      }
      let rows = try lines("one.rows.csv")
      #expect(rows[0] == "row,source,frame,seconds,face,x,y,width,height")
      let images = rows.dropFirst().filter { $0.contains(".jpg") }.map {
        $0.split(separator: ",")[1]
      }
      #expect(images.count >= 40 && images == images.sorted())
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/one.npy.parts"))
      // A header of 128 bytes, then float32.
      #expect(try bytes("one.npy").count == 128 + (rows.count - 1) * 128 * 4)
    }

    @Test("sounds give a row every 40 ms; safetensors, npy and csv hold the same numbers")
    func sounds() throws {
      let input = ["corpus/recola/recordings_audio/train_1.wav"]
      for format in ["npy", "safetensors", "csv"] {
        let outcome = try extract("sound.\(format)", run: "ears", input)
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      let count = 125 * 128 * 4
      let array = try bytes("sound.npy").suffix(count)
      #expect(try bytes("sound.npy").count == 128 + count)
      #expect(try bytes("sound.safetensors").suffix(count) == array)
      let rows = try lines("sound.csv")
      #expect(rows.count == 126)
      let numbers = rows[7].split(separator: ",", omittingEmptySubsequences: false).dropFirst(9)
        .compactMap { Float($0) }
      let stored = array.dropFirst(6 * 512).prefix(512).withUnsafeBytes { bytes in
        (0..<128).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
      #expect(numbers == stored)
    }

    @Test("shards give the features of the images that were packed")
    func shards() throws {
      try laboratory.finish(
        "aver", ["pack", "corpus/affectnet/training.csv", "packed-{000}.tar", "--samples", "9"])
      let loose = try extract("loose.npy", ["corpus/affectnet/training.csv"])
      #expect(loose.status == 0, "\(loose.errors)")
      let packed = try extract("packed.npy", ranks: 2, ["packed-{000..003}.tar"])
      #expect(packed.status == 0, "\(packed.errors)")
      #expect(try bytes("packed.npy") == bytes("loose.npy"))
      #expect(try lines("packed.rows.csv")[10].contains("packed-001.tar: 000000009.jpg"))
    }

    @Test("an extraction that is stopped goes on to the same bytes")
    func interrupted() throws {
      let inputs = ["corpus/recola/recordings_video", "corpus/affectnet"]
      let whole = try extract("whole.npy", inputs)
      #expect(whole.status == 0, "\(whole.errors)")
      let command = try RunningCommand(
        "aver", ["extract", "eyes"] + inputs + ["--output", "again.npy"], in: folder)
      let parts = "\(folder)/again.npy.parts"
      while command.isRunning,
        (try? FileManager.default.contentsOfDirectory(atPath: parts))?.isEmpty ?? true
      {
        usleep(2_000)
      }
      command.send(SIGTERM)
      let stopped = try command.wait()
      #expect([0, 75].contains(stopped.status), "\(stopped.errors)")
      if stopped.status == 75 {
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/again.npy"))
        let kept = try FileManager.default.contentsOfDirectory(atPath: parts)
        #expect(!kept.isEmpty)
        // What is kept is checked before it is believed.
        try Data("no features".utf8).write(to: URL(fileURLWithPath: "\(parts)/\(kept[0])"))
        let second = try extract("again.npy", ranks: 2, inputs)
        #expect(second.status == 0 && second.errors.contains("set aside a broken file"))
      }
      #expect(try bytes("again.npy") == bytes("whole.npy"))
    }

    @Test("what cannot be used ends the extraction by name, or is left out and said")
    func unusable() throws {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/mixed", withIntermediateDirectories: true)
      let image = try #require(
        try lines("corpus/affectnet/training.csv")[1].split(separator: ",").first)
      try bytes("corpus/affectnet/\(image)").write(
        to: URL(fileURLWithPath: "\(folder)/mixed/a.jpg"))
      try Data("no image".utf8).write(to: URL(fileURLWithPath: "\(folder)/mixed/b.jpg"))
      try Data("no film".utf8).write(to: URL(fileURLWithPath: "\(folder)/mixed/c.mp4"))
      try Data("no sound".utf8).write(to: URL(fileURLWithPath: "\(folder)/mixed/d.wav"))
      let strict = try extract("strict.npy", ranks: 2, ["mixed"])
      #expect(strict.status == 65 && strict.errors.contains("mixed/b.jpg"), "\(strict.errors)")
      let lenient = try extract("lenient.npy", ranks: 2, ["mixed"], ["--skip-limit", "2"])
      #expect(lenient.status == 0, "\(lenient.errors)")
      for said in ["left out", "mixed/b.jpg", "mixed/c.mp4", "passed over 1 files"] {
        #expect(lenient.errors.contains(said), "\(lenient.errors)")
      }
      #expect(try lines("lenient.rows.csv").count == 2)
      let limited = try extract("limited.npy", ["mixed"], ["--skip-limit", "1"])
      #expect(limited.status == 65 && limited.errors.contains("--skip-limit allows 1"))
    }

    @Test(
      "a file that is read is not replaced, whatever its name is, and broken ones can be left out")
    func named() throws {
      try bytes("corpus/affectnet/training.csv").write(
        to: URL(fileURLWithPath: "\(folder)/own.csv"))
      let own = try extract(
        "./own.csv", ["own.csv"], ["--root", "corpus/affectnet", "--format", "csv"])
      #expect(own.status == 64 && own.errors.contains("own.csv is read"), "\(own.errors)")
      #expect(try bytes("own.csv") == bytes("corpus/affectnet/training.csv"))
      try Data("no image".utf8).write(to: URL(fileURLWithPath: "\(folder)/broken.bin"))
      let inputs = ["broken.bin", "corpus/recola/recordings_video/train_1.mp4"]
      let strict = try extract("named.npy", inputs)
      #expect(strict.status == 65 && strict.errors.contains("broken.bin"), "\(strict.errors)")
      let lenient = try extract("named.npy", inputs, ["--skip-limit", "1"])
      #expect(lenient.status == 0 && lenient.errors.contains("broken.bin"), "\(lenient.errors)")
      // Looks at every picture find the face elsewhere.
      let often = try extract("often.npy", [inputs[1]], ["--face-interval", "0"])
      #expect(often.status == 0, "\(often.errors)")
      #expect(try bytes("often.rows.csv") != bytes("named.rows.csv"))
    }

    @Test(
      "what cannot work is refused before anything is extracted",
      arguments: [
        (["eyes", "nowhere.jpg", "-o", "x.npy"], 64, "'nowhere.jpg' does not exist"),
        (["eyes", "corpus/affectnet", "-o", "x.txt"], 64, "--format"),
        (["eyes", "corpus/recola/recordings_audio/train_1.wav", "-o", "x.npy"], 64, "no pictures"),
        (["ears", "corpus/affectnet/training.csv", "-o", "x.npy"], 64, "teacher or distill"),
        (["ears", "corpus/affectnet", "-o", "x.npy"], 65, "sound or film"),
        (["corpus", "corpus/affectnet", "-o", "x.npy"], 65, "is this the folder of a run?"),
        (["eyes", "corpus/affectnet", "-o", "eyes.yaml", "--format", "npy"], 64, "--force"),
        (
          [
            "eyes", "corpus/affectnet", "-o", "eyes/best/model.safetensors", "--force", "--format",
            "npy",
          ], 64, "is read, and eyes/best/model.safetensors would replace it"
        ),
        (["eyes", "corpus/affectnet", "-o", "/proc/x.npy"], 70, "/proc"),
        (["eyes", "corpus/affectnet", "-o", "x.npy", "--batch", "0"], 64, "--batch 0"),
        (["eyes", "corpus/affectnet", "-o", "x.npy", "--precision", "f16"], 64, "precision"),
        (
          ["eyes", "corpus/affectnet", "-o", "x.npy", "--checkpoint", "y.safetensors"], 64, "y.safe"
        ),
      ])
    func refusals(arguments: [String], status: Int32, words: String) throws {
      let outcome = try laboratory.run("aver", ["extract"] + arguments)
      #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/x.npy"))
    }
  }
}
