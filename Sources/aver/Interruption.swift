import Dispatch
import Foundation
import Trainer

/// What becomes of files that are being written when somebody interrupts the command.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  /// From now on they are removed, and the process ends as it would have.
  static func removeUnfinishedFiles() {
    for number in signals {
      // Who started the command may want it to hear nothing of the signal.
      let isIgnored =
        unsafeBitCast(signal(number, SIG_IGN), to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
      if isIgnored { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        UnfinishedFile.removeAll()
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      sources.append(source)
    }
  }
}
