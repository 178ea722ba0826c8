/// A stretch of training that carries its unit: `2 epochs` or `500 steps`.
///
/// The two units cannot be compared or added: an interval becomes steps only where the length of an
/// epoch is known.
enum Interval: Sendable, Equatable {
  /// Passes over the training set.
  case epochs(Int)
  /// Optimizer updates.
  case steps(Int)

  /// Far beyond any training; the product with the length of an epoch still fits an integer.
  private static let longest = 1_000_000_000

  /// Reads `2 epochs`, `1 epoch`, `500 steps`; nil for anything else.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2, let count = Int(words[0]),
      (0...Self.longest).contains(count)
    else { return nil }
    switch words[1] {
    case "epoch", "epochs": self = .epochs(count)
    case "step", "steps": self = .steps(count)
    default: return nil
    }
  }

  /// The interval in optimizer updates.
  func steps(stepsPerEpoch: Int) -> Int {
    switch self {
    case .epochs(let count): count * stepsPerEpoch
    case .steps(let count): count
    }
  }

  /// The number without its unit.
  var count: Int {
    switch self {
    case .epochs(let count), .steps(let count): count
    }
  }
}

extension Interval: CustomStringConvertible {
  var description: String {
    switch self {
    case .epochs(let count): "\(count) epochs"
    case .steps(let count): "\(count) steps"
    }
  }
}
