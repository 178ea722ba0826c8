import ArgumentParser
import Trainer

extension ExitStatus {
  /// Leaves a command with this status.
  public func leave() throws {
    guard self == .finished else { throw ExitCode(rawValue) }
  }
}
