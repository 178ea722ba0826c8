import Foundation
import Testing

extension EndToEnd {
  /// What the stage `fusion` refuses, by name and before it computes.
  @Suite("Fusion: refusals")
  struct FusionRefusalTests {
    private let laboratory: FusionLaboratory

    init() throws { laboratory = try FusionLaboratory.shared.get() }

    private func refused(
      _ overrides: [String], _ status: Int32, _ parts: [String], ranks: Int? = nil,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let run = "refused-\(UUID().uuidString.prefix(8))"
      let outcome = try laboratory.start(run, ranks: ranks, overrides).wait()
      #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: sourceLocation)
      for part in parts {
        #expect(
          outcome.errors.contains(part), "\(part): \(outcome.errors)",
          sourceLocation: sourceLocation)
      }
    }

    @Test("runs that are not there, or of another stage, are named by their key")
    func wrongRuns() throws {
      try refused(["fusion.visual=nowhere"], 64, ["fusion.visual: nowhere: no config.yaml"])
      try refused(
        ["fusion.visual=ears"], 64, ["fusion.visual: ears is a run of audio; name one of teacher"])
      try refused(
        ["fusion.audio=eyes"], 64, ["fusion.audio: eyes is a run of teacher"], ranks: 2)
      try refused(["fusion.audio=null"], 64, ["fusion.audio: names no run folder"])
      try refused(
        ["fusion.visual_weights=eyes/none.safetensors"], 64, ["'eyes/none.safetensors' do not"])
    }

    @Test("values that cannot be are refused with their place")
    func values() throws {
      try refused(["window.overlap=30"], 64, ["window.overlap", "cannot overlap by 30"])
      try refused(["delay_seconds=late"], 64, ["delay_seconds: expected a number, or two"])
      try refused(["delay_seconds=[1, 99]"], 64, ["delay_seconds: must be from 0 to 60 seconds"])
      try refused(
        ["fusion.modalities=visual"], 64, ["fusion.modality_dropout: a network of the visual"])
      try refused(
        ["delay_seconds=[0.4, 60]"], 64,
        ["delay_seconds: no training recording is longer than", "annotation so much later"])
      try refused(["loss.concordance=0"], 64, ["loss.concordance: is 0"])
      try refused(["batch.global=64"], 64, ["batch.global", "windows of an epoch"])
    }

    /// A copy of the recordings with something changed.
    private func spoiled(_ name: String, _ spoil: (String) throws -> Void) throws -> [String] {
      let root = "\(laboratory.folder)/\(name)"
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/corpus/recola", toPath: root)
      try spoil(root)
      return ["data.root=\(name)"]
    }

    @Test("recordings without film or with a broken one are named")
    func films() throws {
      let without = try spoiled("no-film") {
        try FileManager.default.removeItem(atPath: "\($0)/recordings_video")
      }
      try refused(
        without, 65, ["no training recording has a film", "fusion.modalities=audio"], ranks: 2)
      let broken = try spoiled("broken-film") {
        try Data("no film".utf8).write(
          to: URL(fileURLWithPath: "\($0)/recordings_video/train_2.mp4"))
      }
      try refused(broken, 65, ["recording train_2: broken-film/recordings_video/train_2.mp4"])
      try refused(
        broken, 65, ["recording train_2: broken-film/recordings_video/train_2.mp4"], ranks: 2)
      let gone = try spoiled("one-film") {
        try FileManager.default.removeItem(atPath: "\($0)/recordings_video/dev_1.mp4")
      }
      try refused(
        gone, 65, ["recording dev_1 has no film in recordings_video", "data.on_missing=mask"],
        ranks: 2)
    }

    @Test("films without a face, and lists of faces that are not there, are named")
    func faces() throws {
      let nobody = try spoiled("nobody") { root in
        let header = "frame,face_id,timestamp,confidence,success,x,y,width,height\n"
        try Data((header + "1,0,0.0,0,0,1,1,9,9\n").utf8).write(
          to: URL(fileURLWithPath: "\(root)/recordings_faces/dev_1.csv"))
      }
      try refused(nobody, 65, ["recording dev_1:", "no face in any of 126 frames"])
      let missing = try spoiled("no-list") {
        try FileManager.default.removeItem(atPath: "\($0)/recordings_faces/train_1.csv")
      }
      try refused(
        missing, 65, ["no-list/recordings_faces/train_1.csv", "no list of the faces"], ranks: 2)
      try refused(["faces.tracks=nowhere"], 64, ["faces.tracks: 'corpus/recola/nowhere'"])
    }

    @Test("sounds that end before their annotations are named")
    func shortSound() throws {
      let short = try spoiled("short-sound") { root in
        let path = URL(fileURLWithPath: "\(root)/recordings_audio/train_1.wav")
        var sound = try Data(contentsOf: path)
        // Four of five seconds, and a header that says so.
        sound = sound.prefix(44 + (sound.count - 44) * 4 / 5)
        for (place, size) in [(4, sound.count - 8), (40, sound.count - 44)] {
          sound.replaceSubrange(
            place..<(place + 4), with: withUnsafeBytes(of: UInt32(size).littleEndian) { Data($0) })
        }
        try sound.write(to: path)
      }
      try refused(short, 65, ["recording train_1: ", "train_1.wav: ends after 4"])
    }

    @Test("another stage's command refuses the file")
    func otherCommand() throws {
      let outcome = try laboratory.run(
        "aver-train", ["teacher", "--config", "fusion.yaml", "--run", "refused-stage"])
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("stage"), "\(outcome.errors)")
    }
  }
}
