import CounterRandom
import Foundation
import Media
import Testing

@testable import Datasets

/// A folder in which most things are not what they are called: each is one finding, and what is sound is
/// used.
@Suite struct HostileFolderTests {
  private let folder: VerifiedFolder

  init() throws { folder = try VerifiedFolder() }

  /// What is wrong with each file of `faces`, as a part of its message.
  private func spoil(_ faces: String) throws -> [String: String] {
    for shade in 1...3 { try folder.image("\(faces)/good-\(shade).jpg", shade: UInt8(shade)) }
    let jpeg = try [UInt8](Data(contentsOf: URL(filePath: "\(folder.path)/\(faces)/good-1.jpg")))
    try folder.file("\(faces)/cut.jpg", Array(jpeg[..<(jpeg.count / 2)]))
    try folder.file("\(faces)/empty.jpg", "")
    try folder.file("\(faces)/text.jpg", "no image")
    let start = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    var large = jpeg
    large.replaceSubrange((start + 5)..<(start + 9), with: [0xEA, 0x60, 0xEA, 0x60])
    try folder.file("\(faces)/large.jpg", large)
    try folder.file("\(faces)/huge.jpg", jpeg)
    let path = "\(folder.path)/\(faces)"
    #expect(truncate("\(path)/huge.jpg", 1 << 40) == 0)
    #expect(symlink("loop.jpg", "\(path)/loop.jpg") == 0)
    #expect(symlink("nowhere.jpg", "\(path)/dangling.jpg") == 0)
    #expect(symlink("/dev/zero", "\(path)/device.jpg") == 0)
    // Neither is a file: folders are listed, pipes passed over.
    #expect(mkfifo("\(path)/pipe.jpg", 0o600) == 0)
    #expect(mkdir("\(path)/folder.jpg", 0o700) == 0)
    #expect(symlink(".", "\(path)/circle") == 0)
    return [
      "cut.jpg": "broken JPEG", "empty.jpg": "is empty", "text.jpg": "is no image",
      "large.jpg": "claims 60000x60000 pixels", "huge.jpg": "has 1099511627776 bytes",
      "loop.jpg": "Too many levels of symbolic links",
      "dangling.jpg": "No such file or directory", "device.jpg": "not a regular file",
    ]
  }

  @Test func facesInFoldersAreNamedOneByOne() throws {
    let faults = try spoil("faces")
    let report = try folder.verify("faces") { $0.format = .faces }
    #expect(report.present == ["media": faults.count])
    #expect(report.sets[0].media?.usable == 3)
    for (name, reason) in faults {
      let finding = try #require(report.findings.first { $0.file.hasSuffix("/\(name)") }, "\(name)")
      #expect(finding.reason.contains(reason), "\(name): \(finding.reason)")
    }
  }

  @Test func facesInListsAreNamedByTheirLines() throws {
    let faults = try spoil("faces").sorted { $0.key < $1.key }
    let others = [("pipe.jpg", "not a regular file"), ("folder.jpg", "not a regular file")]
    let rows = (faults.map { ($0.key, $0.value) } + others).map { "faces/\($0.0),0,0,24,16,,1,0,0" }
    try folder.affectNet("training.csv", [1], extraRows: rows)
    let report = try folder.verify("training.csv")
    #expect(report.present == ["media": rows.count])
    let expected = faults.map(\.value) + others.map(\.1)
    for (line, reason) in zip(3..., expected) {
      let finding = try #require(report.findings.first { $0.line == line }, "line \(line)")
      #expect(finding.reason.contains(reason), "\(finding)")
    }
  }

  /// The reader of training says the same, sample by sample; packing stops at the first.
  @Test func trainingAndPackingNameThemToo() throws {
    let faults = try spoil("faces").sorted { $0.key < $1.key }
    try folder.affectNet(
      "training.csv", [1], extraRows: faults.map { "faces/\($0.key),0,0,24,16,,1,0,0" })
    let manifest = try FaceManifest.affectNet(
      csv: "\(folder.path)/training.csv", root: folder.path, onError: .fail)
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    var output = [Float](repeating: 0, count: reader.sampleCount)
    for (sample, fault) in zip(Int32(1)..., faults) {
      let key = SampleKey(seed: 1, epoch: 0, sample: sample)
      let problem = #expect(throws: SampleProblem.self) {
        try output.withUnsafeMutableBytes { bytes in
          try reader.readForTraining(key, into: #require(bytes.baseAddress))
        }
      }
      let reason = try #require(problem).reason
      #expect(
        reason.contains(fault.key) && (fault.key == "huge.jpg" || reason.contains(fault.value)))
    }
    let packer = try ShardPacker(manifest, to: "\(folder.path)/all.tar", options: .init())
    let error = #expect(throws: DatasetError.self) {
      try packer.write(shard: 0, places: 0..<packer.count)
    }
    let text = try "\(#require(error))"
    #expect(text.contains("training.csv:") && text.contains("faces/dangling.jpg"), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/all.tar"))
  }

  @Test(.timeLimit(.minutes(5)))
  func soundsAndFilmsAreNamedOneByOne() throws {
    try folder.film("media/good.mp4", seconds: 0.2)
    try folder.sound("media/good.wav", seconds: 0.2, pitch: 0.1)
    let film = try [UInt8](Data(contentsOf: URL(filePath: "\(folder.path)/media/good.mp4")))
    try folder.file("media/cut.mp4", Array(film[..<(film.count / 2)]))
    try folder.file("media/long.mp4", film)
    try folder.file("media/long.wav", "RIFF\u{7F}\u{7F}\u{7F}\u{7F}WAVE")
    for name in ["text", "empty"] {
      for kind in ["mp4", "wav"] {
        try folder.file("media/\(name).\(kind)", name == "text" ? "no film, no sound" : "")
      }
    }
    try folder.file(
      "media/sound.mp4", [UInt8](Data(contentsOf: URL(filePath: "\(folder.path)/media/good.wav"))))
    for name in ["long.mp4", "long.wav"] {
      #expect(truncate("\(folder.path)/media/\(name)", 1 << 40) == 0)
    }
    #expect(symlink("loop.wav", "\(folder.path)/media/loop.wav") == 0)
    let report = try folder.verify("media")
    #expect(report.present == ["media": 9] && report.sets[0].media?.usable == 2)
    for name in ["long.mp4", "long.wav"] {
      let finding = try #require(report.findings.first { $0.file.hasSuffix("/\(name)") })
      #expect(finding.reason.hasPrefix("has 1099511627776 bytes"), "\(finding)")
    }
  }

  @Test func aNameThatIsNotUTF8KeepsNothingElseFromBeingRead() throws {
    try folder.image("faces/good.jpg", shade: 1)
    let bytes = Array("\(folder.path)/faces/".utf8) + [0xFF] + Array(".jpg".utf8) + [0]
    let file = creat(bytes.map { CChar(bitPattern: $0) }, 0o600)
    try #require(file >= 0)
    close(file)
    let report = try folder.verify("faces")
    #expect(report.sets[0].format == .faces && report.sets[0].media?.usable == 1)
    #expect(report.present == ["row": 1])
    #expect(report.findings[0].reason.contains("is not UTF-8"))
  }

  /// A hundred megabytes without a line end, of which the disk holds nothing.
  @Test func listsOfOneEndlessLineAreRefused() throws {
    try folder.file("training.csv", "")
    #expect(truncate("\(folder.path)/training.csv", 100 << 20) == 0)
    let report = try folder.verify("training.csv") { $0.format = .affectNet }
    #expect(report.present == ["list": 1])
    #expect(report.findings[0].line == 1, "\(report.findings[0])")
  }
}
