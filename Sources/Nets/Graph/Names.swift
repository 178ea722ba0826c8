/// How many rows a value has in a batch of N samples.
public enum Rows: Hashable, Sendable, CustomStringConvertible {
  /// One for every so many samples: N / samples.
  case onePer(samples: Int)
  /// As many in any batch: a part of it.
  case fixed(Int)

  /// One for each sample: N.
  public static let batch = Rows.onePer(samples: 1)

  /// One row for every `parts` of these; nil where they cannot be divided in any batch.
  public func divided(by parts: Int) -> Rows? {
    switch self {
    case .onePer(let samples): .onePer(samples: samples * parts)
    case .fixed(let count): count.isMultiple(of: parts) ? .fixed(count / parts) : nil
    }
  }

  /// For errors.
  public var description: String {
    switch self {
    case .onePer(let samples): samples == 1 ? "one row a sample" : "one row for \(samples) samples"
    case .fixed(let count): "\(count) rows"
    }
  }

  /// The rows in a batch of `batch` samples; nil where it cannot be divided so.
  func count(inBatchOf batch: Int) -> Int? {
    switch self {
    case .onePer(let samples): batch.isMultiple(of: samples) ? batch / samples : nil
    case .fixed(let count): count
    }
  }
}

/// What the caller puts into an input, and how it lies there.
public enum InputContent: Sendable, Equatable {
  /// float32 pixels in NHWC, as decoders produce them; the value is `[C, H, W]`.
  case pixels
  /// float32, row-major.
  case floats
  /// int32, row-major.
  case integers
}

/// An array that the caller fills before each run.
struct InputSpecification: Sendable, Equatable {
  var name: String
  var value: ValueID
  var content: InputContent
}
