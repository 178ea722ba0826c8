import Foundation
import Media
import Trainer

/// The file that is predicted: named, or what comes through the standard input.
///
/// A film is gone through twice, and its container may say at its end where its parts are: so a stream is kept in a
/// file first, which has no name and is gone with the process, whatever ends it.
final class PredictionInput {
  /// What reads it.
  let path: String
  /// What people call it.
  let name: String
  /// What it is, by its content.
  let kind: MediaKind
  private let kept: CInt?

  private static let streamName = "standard input"

  /// - Parameter argument: a path, or `-`.
  /// - Throws: `PredictionError.input` naming the file.
  init(_ argument: String) throws {
    if argument == "-" {
      let file = try Self.keep(FileHandle.standardInput.fileDescriptor, as: Self.streamName)
      kept = file
      (path, name) = ("/proc/self/fd/\(file)", Self.streamName)
    } else if let pipe = try Self.openedPipe(argument) {
      defer { close(pipe) }
      let file = try Self.keep(pipe, as: argument)
      kept = file
      (path, name) = ("/proc/self/fd/\(file)", argument)
    } else {
      kept = nil
      (path, name) = (argument, argument)
    }
    let file = path
    kind = try Self.naming(file, as: name) { try MediaKind(ofContent: file) }
  }

  deinit { if let kept { close(kept) } }

  /// What pictures of it are headed by: the name without its folder.
  var title: String { name.split(separator: "/").last.map(String.init) ?? name }

  /// Lets failures name the input as people call it.
  func naming<Value>(_ body: () throws -> Value) throws -> Value {
    try Self.naming(path, as: name, body)
  }

  private static func naming<Value>(
    _ path: String, as name: String, _ body: () throws -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch  where path != name && "\(error)".contains(path) {
      throw PredictionError.input(
        "\(error)".replacing(path, with: name), status: ExitStatus(of: error))
    }
  }

  /// A named pipe, or one that a shell made a path of; nil for anything else.
  private static func openedPipe(_ path: String) throws -> CInt? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
    let pipe = open(path, O_RDONLY | O_CLOEXEC)
    guard pipe >= 0 else {
      throw PredictionError.input(
        "\(path): cannot be opened: \(String(cString: strerror(errno)))", status: .badData)
    }
    return pipe
  }

  /// Copies a stream into a file without a name.
  private static func keep(_ stream: CInt, as streamName: String) throws -> CInt {
    let folder = FileManager.default.temporaryDirectory.path
    var name = Array("\(folder)/aver-stream-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { throw unkept(folder, streamName) }
    unlink(name)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(stream, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw PredictionError.input(
          "\(streamName): cannot be read: \(String(cString: strerror(errno)))", status: .badData)
      }
      do {
        try DurableFiles.writeAll(buffer[..<count], to: file, path: folder)
      } catch {
        close(file)
        throw PredictionError.input(
          "\(streamName): cannot be kept: \(error); name a folder with room by TMPDIR",
          status: .internalError)
      }
    }
    return file
  }

  private static func unkept(_ folder: String, _ streamName: String) -> PredictionError {
    .input(
      "\(streamName): cannot be kept in \(folder): \(String(cString: strerror(errno))); name another "
        + "folder by TMPDIR", status: .internalError)
  }
}

/// What keeps a prediction from being made.
public enum PredictionError: Error, CustomStringConvertible {
  /// Something is wrong with the input; the message names it.
  case input(String, status: ExitStatus)
  /// The command line asks for something that cannot be; the message says what would work.
  case usage(String)

  /// The message for the user.
  public var description: String {
    switch self {
    case .input(let message, _), .usage(let message): message
    }
  }

  /// The status that the process ends with.
  public static func status(of error: any Error) -> ExitStatus {
    switch error {
    case PredictionError.input(_, let status): status
    case PredictionError.usage: .usage
    default: ExitStatus(of: error)
    }
  }
}
