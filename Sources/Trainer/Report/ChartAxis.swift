import Foundation

/// Numbers along an axis of a chart: round ones, a few of them.
struct ChartAxis: Equatable {
  /// From the first to the last.
  private(set) var range: ClosedRange<Double>
  /// Ascending, within the range.
  private(set) var ticks: [Double]
  private let step: Double

  /// An axis that shows `values`, and `least` where that is given.
  ///
  /// - Parameter isTight: whether it ends where the values do, instead of at a round number.
  init(
    showing values: some Sequence<Double>, least: ClosedRange<Double>? = nil, isTight: Bool = false
  ) {
    var (low, high) = (least?.lowerBound ?? .infinity, least?.upperBound ?? -.infinity)
    for value in values where value.isFinite {
      low = min(low, value)
      high = max(high, value)
    }
    if low > high { (low, high) = (0, 1) }
    // What lies on one number needs some room around it; so does what differs by rounding only.
    let room = max(abs(low), abs(high), 1e-30) * 1e-9
    if high - low <= room {
      let margin = low == 0 ? 1 : abs(low) / 10
      (low, high) = (low - margin, high + margin)
    }
    let step = Self.roundStep((high - low) / 5)
    if !isTight {
      (low, high) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step)
    }
    range = low...high
    let first = Int((low / step - 1e-9).rounded(.up))
    let last = Int((high / step + 1e-9).rounded(.down))
    ticks = (first...max(first, last)).map { Double($0) * step }
    self.step = step
  }

  /// 1, 2 or 5 times a power of ten, no less than `step`.
  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
  }

  /// Where a value is, from 0 to 1.
  func place(of value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// A tick's number, with as many digits as tell it from the next.
  func label(of tick: Double) -> String {
    let largest = max(abs(range.lowerBound), abs(range.upperBound))
    if tick == 0 { return "0" }
    if largest < 1e-3 || largest >= 1e6 { return String(format: "%.3g", tick) }
    let digits = max(0, -Int(log10(step).rounded(.down)))
    return String(format: "%.\(digits)f", tick)
  }
}
