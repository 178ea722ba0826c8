import Foundation

/// What a user sees: a progress bar on a terminal, plain lines elsewhere, nothing from other ranks
/// than 0.
final class Console {
  /// How progress is shown.
  enum Style {
    case bar
    case lines
    case silent
  }

  private let style: Style
  private var barIsOpen = false
  private var lastShown = ContinuousClock.now - .seconds(3600)

  init(style: Style) { self.style = style }

  /// Writes a line.
  func say(_ text: String) {
    guard style != .silent else { return }
    Self.write((barIsOpen ? "\r\u{1B}[K" : "") + text + "\n")
    barIsOpen = false
  }

  /// Shows how far the training is, every so often and at the end.
  func show(_ progress: Progress, isLast: Bool) {
    let pause: Duration = style == .bar ? .milliseconds(100) : .seconds(10)
    guard style != .silent, isLast || lastShown.duration(to: .now) >= pause else { return }
    lastShown = .now
    if style == .bar, !isLast {
      Self.write("\r\u{1B}[K" + progress.bar)
      barIsOpen = true
    } else {
      say(progress.line)
    }
  }

  /// Progress that nobody can read is no reason to stop a training.
  private static func write(_ text: String) { try? StandardStream.output.write(text) }
}

/// How far a training is.
struct Progress {
  var step: Int
  var totalSteps: Int
  var epoch: Double
  var loss: Double
  /// Where the network tells classes apart.
  var accuracy: Double?
  /// What samples are.
  var samples: String
  var samplesPerSecond: Double
  /// Seconds that the rest will take, nil as long as nobody can tell.
  var secondsLeft: Double?

  /// One line for a log.
  var line: String {
    "step \(step)/\(totalSteps)  epoch \(Self.fixed(epoch, 2))  loss \(Self.fixed(loss, 4))  "
      + (accuracy.map { "accuracy \(Self.fixed($0, 3))  " } ?? "")
      + "\(Self.fixed(samplesPerSecond, 1)) \(samples)/s  "
      + "\(timeLeft) left"
  }

  /// One line for a terminal.
  var bar: String {
    let width = 24
    let filled = min(width, step * width / max(1, totalSteps))
    let drawn =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(drawn) \(step)/\(totalSteps) · loss \(Self.fixed(loss, 3)) · "
      + "\(Self.fixed(samplesPerSecond, 0)) \(samples)/s · \(timeLeft) left"
  }

  private var timeLeft: String {
    guard let secondsLeft, secondsLeft.isFinite else { return "?" }
    let seconds = Int(secondsLeft.rounded(.up))
    return seconds >= 3600
      ? String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
      : String(format: "%d:%02d", seconds / 60, seconds % 60)
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }
}
