import Foundation

/// Time across a picture.
struct TimeAxis {
  /// Seconds at the left and the right end.
  let seconds: ClosedRange<Double>
  /// Where the left end is.
  let left: Double
  /// From the left end to the right one.
  let width: Double
  /// Where numbers stand, in seconds, ascending.
  let ticks: [Double]
  private let step: Double

  /// Room for a tick's number.
  private static let tickDistance = 84.0
  /// Seconds between ticks that clocks know; beyond, and below a second, 1, 2 or 5 times a power of ten.
  private static let clockSteps = [
    1.0, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000,
  ]

  init(_ seconds: ClosedRange<Double>, left: Double, width: Double) {
    // A single moment stands in the middle.
    let isMoment = seconds.upperBound - seconds.lowerBound < 1e-6
    let seconds =
      isMoment ? (seconds.lowerBound - 0.5)...(seconds.upperBound + 0.5) : seconds
    self.seconds = seconds
    (self.left, self.width) = (left, width)
    let duration = seconds.upperBound - seconds.lowerBound
    let step = Self.step(atLeast: duration * Self.tickDistance / width)
    self.step = step
    let first = (seconds.lowerBound / step - 1e-9).rounded(.up)
    let last = (seconds.upperBound / step + 1e-9).rounded(.down)
    ticks = first > last ? [] : stride(from: first, through: last, by: 1).map { $0 * step }
  }

  private static func step(atLeast least: Double) -> Double {
    if least > 0.5, let step = clockSteps.first(where: { $0 >= least }) { return step }
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { $0 >= least } ?? 10 * power
  }

  /// Where a time is.
  func place(of time: Double) -> Double {
    left + (time - seconds.lowerBound) / (seconds.upperBound - seconds.lowerBound) * width
  }

  /// What the numbers are.
  var name: String { "time (\(unit.name))" }

  /// A time as the axis writes it.
  func label(of time: Double) -> String {
    switch unit {
    case .seconds:
      let digits = max(0, -Int(log10(step).rounded(.down)))
      return String(format: "%.\(digits)f", abs(time) < step / 1000 ? 0 : time)
        .replacingOccurrences(of: "-", with: "−")
    case .minutes, .hours: return Self.clock(time, withHours: unit == .hours)
    }
  }

  /// A time as the axis writes it, for where the axis does not name its unit.
  func time(_ time: Double) -> String { label(of: time) + (unit == .seconds ? " s" : "") }

  private enum Unit {
    case seconds
    case minutes
    case hours

    var name: String {
      switch self {
      case .seconds: "s"
      case .minutes: "min:s"
      case .hours: "h:min:s"
      }
    }
  }

  /// Tenths of seconds have no place on a clock.
  private var unit: Unit {
    let latest = max(abs(seconds.lowerBound), abs(seconds.upperBound))
    return latest < 120 || step < 1 ? .seconds : latest < 3600 ? .minutes : .hours
  }

  private static func clock(_ time: Double, withHours: Bool) -> String {
    let whole = Int(abs(time).rounded())
    let sign = time < 0 && whole > 0 ? "−" : ""
    return withHours
      ? String(format: "%@%d:%02d:%02d", sign, whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%@%d:%02d", sign, whole / 60, whole % 60)
  }

  /// A duration in words, as precise as it is short.
  static func words(_ seconds: Double) -> String {
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
