import Digests
import Foundation
import Nets

/// A folder that several runs may write to at the same time: each of its files is whole or not there.
struct SharedFolder: Equatable, Sendable {
  /// The folder.
  let path: String
  private static let ending = ".writing"
  /// The metadata entry that holds the digest of all tensors.
  private static let content = "content"

  /// Writes tensors to a file of the folder, which is made where it is not there, with their digest.
  ///
  /// - Throws: `TrainerError.system`.
  func write(
    _ tensors: [Tensor], metadata: [String: String] = [:], to file: String
  ) throws {
    try DurableFiles.makeFolder(path)
    let digest = try Self.digest(of: tensors)
    // Another run may be writing the same file.
    try DurableFiles.replace(
      file, with: tensors.map(TensorSource.init),
      metadata: metadata.merging([Self.content: digest]) { $1 },
      by: "\(file).\(FileWriter.current.name)\(Self.ending)")
  }

  /// What is in a file of the folder; nil where there is none. One that cannot be read is set aside.
  ///
  /// - Parameters:
  ///   - remedy: what is done about a broken file, for people.
  ///   - report: hears of it.
  ///   - read: throws where the file is not as it should be.
  /// - Throws: `TrainerError.system` where a broken file cannot be renamed.
  static func whole<Value>(
    _ file: String, remedy: String, report: (String) -> Void, read: () throws -> Value
  ) throws -> Value? {
    guard DurableFiles.exists(file) else { return nil }
    do {
      return try read()
    } catch {
      try DurableFiles.rename(file, to: file + ".broken")
      report("set aside a broken file, \(remedy): \(error)")
      return nil
    }
  }

  /// Compares all tensors of a file with the digest that was stored beside them.
  ///
  /// - Throws: `TrainerError.featuresBroken` where they differ.
  static func requireContent(_ tensors: [Tensor], of file: SafetensorsReader) throws {
    guard try digest(of: tensors) == file.metadata[content] else {
      throw TrainerError.featuresBroken(
        file: file.path, reason: "its content is not what was written")
    }
  }

  private static func digest(of tensors: [Tensor]) throws -> String {
    let digest = try SHA256()
    for tensor in tensors {
      try tensor.bytes.withUnsafeBytes { try digest.update($0) }
    }
    return try digest.finish()
  }

  /// Removes what killed processes were writing.
  ///
  /// Hosts and containers that share the folder cannot see each other's processes, so a file goes only
  /// where its writer is certainly dead: one that counted processes as this one does, and of whose
  /// number there is none any more. Where a number was given again, or the host was started anew, the
  /// file stays; nothing reads it.
  func removeAbandoned() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasSuffix(Self.ending) {
      let writer = FileWriter(
        name: name.dropLast(Self.ending.count).split(separator: ".").last ?? "")
      // What cannot be removed is another user's to remove.
      if writer?.isDead == true { try? DurableFiles.remove("\(path)/\(name)") }
    }
  }
}

/// A process, as the names of files tell who writes them.
struct FileWriter: Equatable {
  /// Who gives processes their numbers: a boot of a kernel, and a namespace of it. Names of hosts would
  /// not do, containers of one host can have the same.
  let numbering: String
  /// The process's number.
  let process: Int32

  /// Of systems that do not tell.
  private static let unknown = "unknown"

  /// This process.
  static var current: FileWriter {
    FileWriter(
      numbering: currentNumbering ?? unknown,
      process: ProcessInfo.processInfo.processIdentifier)
  }

  private static var currentNumbering: String? {
    guard let boot = try? DurableFiles.contents("/proc/sys/kernel/random/boot_id"),
      let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    else { return nil }
    return (try? SHA256.digest(of: boot + Array(space.utf8))).map { String($0.prefix(16)) }
  }

  /// A process that counts as `numbering` says.
  init(numbering: String, process: Int32) {
    self.numbering = numbering
    self.process = process
  }

  /// The process of that name; nil where it is none.
  init?(name: Substring) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    // Not positive are groups of processes.
    guard parts.count == 2, let process = Int32(parts[1]), process > 0 else { return nil }
    self.init(numbering: String(parts[0]), process: process)
  }

  /// `NUMBERING-PROCESS`.
  var name: String { "\(numbering)-\(process)" }

  /// Whether the system told how it counts processes.
  var isKnown: Bool { numbering != Self.unknown }

  /// Whether there is certainly no such process any more.
  var isDead: Bool {
    isKnown && numbering == Self.current.numbering && Self.hasEnded(process)
  }

  /// Whether a process that is counted as this one is has ended, be it that nobody has asked how.
  static func hasEnded(_ process: Int32) -> Bool {
    if kill(process, 0) != 0 { return errno == ESRCH }
    return ProcessStatus(of: process)?.hasEnded ?? false
  }
}
