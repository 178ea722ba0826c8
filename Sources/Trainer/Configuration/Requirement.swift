/// What a value must satisfy beyond its type.
package struct Requirement<Value>: Sendable {
  /// Completes the sentence "must be …".
  package let words: String
  package let holds: @Sendable (Value) -> Bool

  /// A requirement in words and as a test.
  package init(words: String, holds: @escaping @Sendable (Value) -> Bool) {
    (self.words, self.holds) = (words, holds)
  }

  /// The same requirement where there is a value at all.
  package var ifPresent: Requirement<Value?> {
    let holds = holds
    return Requirement<Value?>(words: words) { $0.map(holds) ?? true }
  }
}

extension Requirement<String> {
  package static var folder: Self { Requirement(words: "a folder") { !$0.isEmpty } }
}

extension Requirement<Int> {
  package static var powerOfTwo: Self {
    Requirement(words: "a power of two") { $0 > 0 && $0.nonzeroBitCount == 1 }
  }
}

extension Requirement<Interval> {
  static var notEmpty: Self {
    Requirement(words: "at least 1 epoch or step") { $0.count > 0 }
  }
}

extension Requirement where Value: Comparable & ExpressibleByIntegerLiteral & Sendable {
  package static var positive: Self { Requirement(words: "greater than 0") { $0 > 0 } }
  package static var notNegative: Self { Requirement(words: "at least 0") { $0 >= 0 } }
  package static func atLeast(_ least: Value) -> Self {
    Requirement(words: "at least \(least)") { $0 >= least }
  }
  package static func from(_ least: Value, to most: Value) -> Self {
    Requirement(words: "from \(least) to \(most)") { $0 >= least && $0 <= most }
  }
  package static func oneTo(_ most: Value) -> Self { from(1, to: most) }
  package static var fraction: Self { Requirement(words: "from 0 to 1") { $0 >= 0 && $0 <= 1 } }
  package static var belowOne: Self {
    Requirement(words: "at least 0 and below 1") { $0 >= 0 && $0 < 1 }
  }
}
