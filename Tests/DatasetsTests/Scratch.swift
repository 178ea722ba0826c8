import Foundation

@testable import Datasets

/// A folder for one test, removed at its end.
final class Scratch: Sendable {
  let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  var path: String { url.path }

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String, _ content: String) throws -> String {
    try file(name, [UInt8](content.utf8))
  }

  /// Writes a file, and the folders that lead to it.
  func file(_ name: String, _ content: [UInt8]) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: file)
    return file.path
  }
}

/// The path of a folder of real data beside the repository, which may not be there.
func sharedData(_ name: String) -> String {
  URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/data/\(name)").path
}

/// A small corpus of drawn faces.
final class Corpus {
  let scratch: Scratch
  let manifest: FaceManifest
  var images: [String] { manifest.records.map { "\(scratch.path)/\($0.imagePath)" } }

  init(faces: Int = 40) throws {
    scratch = try Scratch()
    let set = AffectNetSet(seed: 5, faces: faces, imageSize: 48)
    let folder = OutputFolder(path: scratch.path)
    try set.writeLists(try set.writeItems(to: folder, threads: 2), to: folder)
    manifest = try FaceManifest.affectNet(
      csv: "\(scratch.path)/training.csv", root: scratch.path, onError: .fail)
  }

  /// Cuts an image file in the middle.
  func truncate(_ sample: Int) throws {
    let url = URL(filePath: images[sample])
    let whole = try Data(contentsOf: url)
    try whole.prefix(whole.count / 2).write(to: url)
  }
}

extension Augmentation {
  /// Everything that training can do, at a small size.
  static let small = Augmentation(
    imageSize: 24, cropScale: 0.6...1, cropRatio: 0.8...1.25, flipProbability: 0.5, brightness: 0.3,
    contrast: 0.3, saturation: 0.3)
}
