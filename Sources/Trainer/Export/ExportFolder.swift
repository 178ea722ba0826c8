import Nets

/// A file on its way into a folder.
struct ExportFile {
  /// Its name in the folder.
  var name: String
  /// Bytes of it.
  var byteCount: Int
  /// Writes it to a path.
  var write: (_ path: String) throws -> Void

  /// A file whose bytes are there.
  init(_ name: String, _ bytes: [UInt8]) {
    self.init(name, byteCount: bytes.count) { try DurableFiles.write(bytes, to: $0) }
  }

  /// A file that is made while it is written.
  init(_ name: String, byteCount: Int, write: @escaping (_ path: String) throws -> Void) {
    self.name = name
    self.byteCount = byteCount
    self.write = write
  }
}

/// The folder that a model is exported to: all of its files are there, or those of before.
struct ExportFolder {
  /// The folder.
  let path: String
  /// Whether files of the same names may be replaced.
  let replaces: Bool

  /// Writes files beside their names, and renames them when all are whole.
  ///
  /// - Throws: `TrainerError.usage` where there are such files and they are not to be replaced,
  ///   `.exportNotWritten` where they cannot be written; what making a file's content throws.
  func write(_ files: [ExportFile]) throws {
    let present = files.map(\.name).filter { DurableFiles.hasEntry("\(path)/\($0)") }
    guard present.isEmpty || replaces else {
      throw TrainerError.usage(
        "\(path) holds \(present.joined(separator: ", ")) already: replace with --force, or name "
          + "another folder with --output")
    }
    do {
      try DurableFiles.makeFolder(path)
      try DurableFiles.requireWritable(path)
      try DurableFiles.requireRoom(files.reduce(0) { $0 + $1.byteCount }, in: path)
      try writeBeside(files)
    } catch {
      throw naming(error)
    }
  }

  private func writeBeside(_ files: [ExportFile]) throws {
    do {
      for file in files { try file.write(temporary(file)) }
    } catch {
      for file in files { try? DurableFiles.remove(temporary(file)) }
      throw error
    }
    for file in files { try DurableFiles.rename(temporary(file), to: "\(path)/\(file.name)") }
  }

  private func temporary(_ file: ExportFile) -> String { "\(path)/\(file.name).writing" }

  /// What the system refuses is no fault of the model.
  private func naming(_ error: any Error) -> any Error {
    switch error {
    case TrainerError.system(let call, let place, let reason):
      TrainerError.exportNotWritten(folder: path, reason: "\(call) \(place): \(reason)")
    case let error as WeightsError:
      if case .system(let call, let text) = error.cause {
        TrainerError.exportNotWritten(folder: path, reason: "\(call) \(error.file): \(text)")
      } else {
        error
      }
    default: error
    }
  }
}
