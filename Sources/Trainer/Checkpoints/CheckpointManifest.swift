import Digests
import Foundation

/// The files of a checkpoint with their sizes and digests: what tells a whole one from a broken one.
struct CheckpointManifest: Codable, Equatable {
  /// A file of the checkpoint's folder.
  struct Entry: Codable, Equatable {
    var name: String
    var bytes: Int
    /// Of the whole file: what manifests of format 1 have.
    var sha256: String?
    /// Of each of its pieces, which several ranks can digest at the same time; `split -b` and
    /// `sha256sum` give the same.
    var pieces: [String]?
  }

  static let fileName = "manifest.json"
  /// What a manifest never has: pieces of some 15 TB have less.
  private static let mostBytes = 64 << 20
  /// The format that this program writes.
  static let currentFormat = 2

  /// The format of this file.
  var formatVersion = Self.currentFormat
  /// Bytes of a file's pieces; the last one has what is left.
  var pieceBytes: Int? = CheckpointPiece.byteCount
  var files: [Entry]

  /// A manifest of these files.
  init(files: [Entry]) { self.files = files.sorted { $0.name < $1.name } }

  /// The entries of files whose pieces have these digests, file by file.
  static func entries(of files: [CheckpointFileSize], pieces: [String]) -> [Entry] {
    var rest = pieces[...]
    return files.map { file in
      let count = CheckpointPiece.count(ofBytes: file.bytes)
      defer { rest = rest.dropFirst(count) }
      return Entry(name: file.name, bytes: file.bytes, pieces: Array(rest.prefix(count)))
    }
  }

  /// Reads the manifest of `folder`.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` where there is none that this program can read, `.system`
  ///   where it cannot be read now.
  init(readingFrom folder: String) throws {
    let bytes = try Self.size(of: Self.fileName, in: folder)
    guard bytes <= Self.mostBytes else {
      throw TrainerError.checkpointUnusable(
        path: folder, reason: "\(Self.fileName) has \(bytes) bytes, which no checkpoint's has")
    }
    let data = try DurableFiles.contents("\(folder)/\(Self.fileName)") ?? []
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(data))
    } catch {
      throw TrainerError.checkpointUnusable(
        path: folder, reason: "\(Self.fileName) is not what this program writes")
    }
    guard 1...Self.currentFormat ~= formatVersion else {
      throw TrainerError.checkpointUnusable(
        path: folder,
        reason: "\(Self.fileName) is of format \(formatVersion); this program reads 1 to "
          + "\(Self.currentFormat): it was written by a newer version, or is broken")
    }
  }

  /// Compares `folder` with the manifest, cheap checks first.
  ///
  /// - Parameter name: the one file to look at; nil for all.
  /// - Throws: `TrainerError.checkpointUnusable` naming the first file that differs, `.system` where
  ///   one cannot be read.
  func verify(_ folder: String, only name: String? = nil) throws {
    let files = files.filter { name == nil || $0.name == name }
    for entry in files {
      let size = try Self.size(of: entry.name, in: folder)
      guard size == entry.bytes else {
        throw TrainerError.checkpointUnusable(
          path: folder, reason: "\(entry.name) has \(size) bytes instead of \(entry.bytes)")
      }
    }
    for entry in files where try !matches(entry, in: folder) {
      throw TrainerError.checkpointUnusable(
        path: folder, reason: "\(entry.name) is not what was written (SHA-256)")
    }
  }

  /// The bytes of a checkpoint's file.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` where there is no file, `.system` where that cannot be
  ///   found out.
  private static func size(of name: String, in folder: String) throws -> Int {
    switch try DurableFiles.target(of: "\(folder)/\(name)") {
    case .file(let bytes): return bytes
    case .nothing:
      throw TrainerError.checkpointUnusable(path: folder, reason: "\(name) is missing")
    case .other(let what):
      throw TrainerError.checkpointUnusable(path: folder, reason: "\(name): \(what)")
    }
  }

  private func matches(_ entry: Entry, in folder: String) throws -> Bool {
    let path = "\(folder)/\(entry.name)"
    if formatVersion == 1 {
      return try SHA256.digest(ofFile: path).digest == entry.sha256
    }
    guard let pieceBytes, pieceBytes > 0, let pieces = entry.pieces,
      // A file that says there are other pieces is not read in them.
      pieces.count == CheckpointPiece.count(ofBytes: entry.bytes, pieceBytes: pieceBytes)
    else { return false }
    return try SHA256.digests(ofFile: path, pieceBytes: pieceBytes) == pieces
  }
}
