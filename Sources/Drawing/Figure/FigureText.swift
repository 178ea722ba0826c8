import Foundation

/// How a figure's texts look, and how it writes numbers.
enum FigureText {
  static let title = TextStyle(size: 20, isBold: true)
  static let subtitle = TextStyle(size: 13, colour: .soft)
  static let heading = TextStyle(size: 13, isBold: true)
  static let label = TextStyle(size: 12)
  static let soft = TextStyle(size: 12, colour: .soft)
  static let number = TextStyle(size: 11, colour: .soft)

  /// 0 to 1 as percent; what is not nothing is never written as nothing.
  static func percent(_ share: Double) -> String {
    share > 0 && share < 0.005 ? "< 1 %" : "\(Int((100 * share).rounded())) %"
  }

  /// With its sign and two digits.
  static func signed(_ value: Double) -> String {
    let text = String(format: "%+.2f", value)
    // What rounds to nothing has no sign.
    return text == "-0.00" || text == "+0.00"
      ? "0.00" : text.replacingOccurrences(of: "-", with: "−")
  }
}
