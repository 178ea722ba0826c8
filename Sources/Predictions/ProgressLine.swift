import Foundation
import Trainer

/// How far the work is, on the standard error: a line that changes on a terminal, else one every so often.
public final class ProgressLine {
  private let isTerminal: Bool
  private var what = ""
  private var began = ContinuousClock.now
  private var shown = ContinuousClock.now
  private var isOpen = false

  /// Nothing is shown yet.
  public init() { isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1 }

  /// Shows how far something is, where it is time for that.
  ///
  /// - Parameter part: 0 to 1.
  public func show(_ what: String, _ part: Double) {
    if what != self.what {
      (self.what, began, shown) = (what, .now, .now)
      return
    }
    guard shown.duration(to: .now) >= (isTerminal ? .milliseconds(200) : .seconds(10)), part > 0
    else { return }
    shown = .now
    let left = began.duration(to: .now) / .seconds(1) * (1 - part) / part
    let text = "\(what): \(Int(100 * part)) %, \(Self.time(left)) left"
    say(isTerminal ? "\r\u{1B}[K\(text)" : "\(text)\n")
    isOpen = isTerminal
  }

  /// Takes the line away, before anything else is said.
  public func end() {
    if isOpen { say("\r\u{1B}[K") }
    isOpen = false
  }

  private static func time(_ seconds: Double) -> String {
    let seconds = Int(min(max(seconds, 0), 1e6).rounded(.up))
    return seconds < 60 ? "\(seconds) s" : String(format: "%d:%02d min", seconds / 60, seconds % 60)
  }

  /// Progress that nobody can read is no reason to stop.
  private func say(_ text: String) { try? StandardStream.errors.write(text) }
}
