import Foundation
import Synchronization

/// A file that is written beside its name and gets the name when it is whole; until then it is gone with
/// whoever gives it up.
package final class UnfinishedFile {
  /// Where it is written.
  package let path: String
  private let name: String
  private var isFinished = false

  private static let all = Mutex<Set<String>>([])

  /// Where the file `name` is written until it is whole.
  package static func path(of name: String) -> String { name + ".writing" }

  /// Makes an empty file.
  ///
  /// - Parameter name: the file's in the end; what is there stays until then.
  /// - Throws: `TrainerError.system`.
  package init(_ name: String) throws {
    let path = Self.path(of: name)
    close(try Self.open(path))
    (self.name, self.path) = (name, path)
    _ = Self.all.withLock { $0.insert(path) }
  }

  /// Opens the empty file, for who writes it through a descriptor and closes that.
  func open() throws -> CInt { try Self.open(path) }

  private static func open(_ path: String) throws -> CInt {
    try systemCall("open", path) {
      Foundation.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
  }

  deinit {
    if !isFinished { unlink(path) }
    _ = Self.all.withLock { [path] in $0.remove(path) }
  }

  /// Gives the file its name; its bytes are on the device.
  ///
  /// - Throws: `TrainerError.system`.
  package func finish() throws {
    try DurableFiles.rename(path, to: name)
    isFinished = true
  }

  /// Removes all that are being written: for who ends the process while others work.
  package static func removeAll() { all.withLock { $0.forEach { unlink($0) } } }
}
