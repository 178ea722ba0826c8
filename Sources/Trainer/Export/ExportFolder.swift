import Foundation
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

/// The folder that a model is exported to: where its description is, all of its files are.
struct ExportFolder {
  /// The folder.
  let path: String
  /// Whether files of the same names may be replaced, and others of an earlier export removed.
  let replaces: Bool

  /// The file that describes the others; the last to come and the first to go.
  static let description = "model.json"

  /// Writes files beside their names, and renames them when all are whole. Those that an earlier export
  /// describes and this one does not have go.
  ///
  /// - Parameter reading: files that must stay as they are.
  /// - Throws: `TrainerError.usage` where there are such files and they are not to be replaced,
  ///   `.exportNotWritten` where they cannot be written; what making a file's content throws.
  func write(_ files: [ExportFile], reading: [String] = []) throws {
    if let conflict = FileIdentity.conflict(
      writing: files.map { "\(path)/\($0.name)" }, reading: reading)
    {
      throw TrainerError.usage("--output \(path): \(conflict)")
    }
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
      try replace(try writeBeside(files), keeping: files.map(\.name), reading: reading)
    } catch {
      throw naming(error)
    }
  }

  private func writeBeside(_ files: [ExportFile]) throws -> [UnfinishedFile] {
    // The description last.
    let ordered =
      files.filter { $0.name != Self.description }
      + files.filter { $0.name == Self.description }
    return try ordered.map { file in
      let place = try UnfinishedFile("\(path)/\(file.name)")
      try file.write(place.path)
      return place
    }
  }

  private func replace(
    _ files: [UnfinishedFile], keeping names: [String], reading: [String]
  ) throws {
    let former = formerNames()
    try DurableFiles.remove("\(path)/\(Self.description)")
    let read = Set(reading.compactMap(FileIdentity.init))
    for name in former.subtracting(names) {
      let file = "\(path)/\(name)"
      if FileIdentity(of: file).map(read.contains) != true { try DurableFiles.remove(file) }
    }
    for file in files { try file.finish() }
  }

  /// What an earlier export says that it has; nothing where nobody can tell.
  private func formerNames() -> Set<String> {
    struct Former: Decodable {
      struct File: Decodable { var name: String }
      var files: [File]
    }
    guard let text = try? DurableFiles.contents("\(path)/\(Self.description)"),
      let former = try? JSONDecoder().decode(Former.self, from: Data(text))
    else { return [] }
    let endings = ExportFormat.allCases.map { ".\($0.rawValue)" }
    return Set(former.files.map(\.name)).filter { name in
      !name.contains("/") && endings.contains { name.hasSuffix($0) }
    }
  }

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
