import Foundation

/// A folder that a synthetic corpus, or one of its sets, is written to.
struct OutputFolder: Sendable {
  let path: String

  /// The file that tells a folder of ours from anybody else's.
  static let marker = ".synthetic-corpus"
  /// What it was called when a corpus was but the labelled faces.
  private static let formerMarker = ".synthetic-faces"
  private static let formerContent = ["training.csv", "validation.csv", "images"]

  /// Makes the folder, and removes an earlier corpus of ours.
  ///
  /// - Parameters:
  ///   - sets: the names of all sets that there are, whether they will be written or not.
  ///   - note: what the marker says.
  /// - Throws: `DatasetError.folderInUse`, `.unwritable`.
  func prepare(sets: [String], note: String, force: Bool) throws {
    let files = FileManager.default
    let content = (try? files.contentsOfDirectory(atPath: path)) ?? []
    let isFormer = content.contains(Self.formerMarker)
    let isOurs = isFormer || content.contains(Self.marker)
    guard content.isEmpty || isOurs || force else { throw DatasetError.folderInUse(folder: path) }
    try make("")
    guard content.isEmpty || isOurs else { return }
    if isOurs {
      let former = isFormer ? Self.formerContent + [Self.formerMarker] : []
      for name in sets + former where content.contains(name) { try remove(name) }
    }
    try write(note, to: Self.marker)
  }

  /// The folder of a set.
  func subfolder(_ name: String) -> OutputFolder { OutputFolder(path: file(name)) }

  /// Makes a folder in it, and those that it lies in.
  func make(_ folder: String) throws {
    var made = file(folder).hasPrefix("/") ? "/" : ""
    for part in file(folder).split(separator: "/") {
      made += "\(part)/"
      // Foundation's own function does not tell why it failed.
      if mkdir(made, 0o777) == 0 || errno == EEXIST || errno == EISDIR { continue }
      throw DatasetError.unwritable(file: file(folder), reason: String(cString: strerror(errno)))
    }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: made, isDirectory: &isFolder)
    guard exists && isFolder.boolValue else {
      throw DatasetError.unwritable(file: file(folder), reason: "there is a file of this name")
    }
  }

  /// Writes a text, which appears under its name when it is complete.
  func write(_ text: String, to name: String) throws {
    let (final, partial) = (file(name), file(name) + ".partial")
    func failure() -> DatasetError {
      let reason = String(cString: strerror(errno))
      unlink(partial)
      return .unwritable(file: final, reason: reason)
    }
    guard let stream = fopen(partial, "wb") else { throw failure() }
    let bytes = Array(text.utf8)
    let written = fwrite(bytes, 1, bytes.count, stream)
    guard fclose(stream) == 0 && written == bytes.count else { throw failure() }
    guard rename(partial, final) == 0 else { throw failure() }
  }

  /// The path of a file in it.
  func file(_ name: String) -> String { name.isEmpty ? path : "\(path)/\(name)" }

  private func remove(_ name: String) throws {
    do {
      try FileManager.default.removeItem(atPath: file(name))
    } catch {
      throw DatasetError.unwritable(file: file(name), reason: Self.reason(error))
    }
  }

  /// The system's own words, where Foundation has them.
  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    guard let underlying, underlying.domain == NSPOSIXErrorDomain else {
      return error.localizedDescription
    }
    return String(cString: strerror(Int32(underlying.code)))
  }
}
