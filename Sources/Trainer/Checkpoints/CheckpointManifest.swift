import Digests
import Foundation

/// The files of a folder with their sizes and digests: what tells a whole checkpoint from a broken
/// one.
struct CheckpointManifest: Codable, Equatable {
  struct Entry: Codable, Equatable {
    var name: String
    var bytes: Int
    var sha256: String
  }

  static let fileName = "manifest.json"

  var formatVersion = 1
  var files: [Entry]

  /// Describes files of `folder`, in the order of their names.
  init(of names: [String], in folder: String) throws {
    files = try names.sorted().map { name in
      let (digest, bytes) = try SHA256.digest(ofFile: "\(folder)/\(name)")
      return Entry(name: name, bytes: bytes, sha256: digest)
    }
  }

  /// Reads the manifest of `folder`.
  init(readingFrom folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    guard let data = try DurableFiles.contents(path) else {
      throw TrainerError.checkpointUnusable(path: folder, reason: "\(Self.fileName) is missing")
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(data))
    } catch {
      throw TrainerError.checkpointUnusable(
        path: folder, reason: "\(Self.fileName) is not what this program writes")
    }
  }

  /// Compares `folder` with the manifest, cheap checks first.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` naming the first file that differs, `.system` where
  ///   one cannot be read.
  func verify(_ folder: String) throws {
    for entry in files {
      guard let size = try DurableFiles.size("\(folder)/\(entry.name)") else {
        throw TrainerError.checkpointUnusable(path: folder, reason: "\(entry.name) is missing")
      }
      guard size == entry.bytes else {
        throw TrainerError.checkpointUnusable(
          path: folder, reason: "\(entry.name) has \(size) bytes instead of \(entry.bytes)")
      }
    }
    for entry in files {
      guard try SHA256.digest(ofFile: "\(folder)/\(entry.name)").digest == entry.sha256 else {
        throw TrainerError.checkpointUnusable(
          path: folder, reason: "\(entry.name) is not what was written (SHA-256)")
      }
    }
  }
}
