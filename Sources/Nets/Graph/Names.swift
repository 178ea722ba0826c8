/// How many rows a value has in a batch of N samples.
public enum Rows: Hashable, Sendable, CustomStringConvertible {
  /// One for every so many samples: N / samples.
  case onePer(samples: Int)
  /// So many for each sample, two or more: N · count. Frames of a sequence, say.
  case perSample(Int)
  /// As many in any batch: a part of it.
  case fixed(Int)

  /// One for each sample: N.
  public static let batch = Rows.onePer(samples: 1)

  /// One row for every `parts` of these; nil where they cannot be divided in any batch.
  public func divided(by parts: Int) -> Rows? {
    switch self {
    case .onePer(let samples): .onePer(samples: samples * parts)
    case .perSample(parts): .batch
    case .perSample(let count):
      count.isMultiple(of: parts) ? .perSample(count / parts) : nil
    case .fixed(let count): count.isMultiple(of: parts) ? .fixed(count / parts) : nil
    }
  }

  /// For errors.
  public var description: String {
    switch self {
    case .onePer(let samples): samples == 1 ? "one row a sample" : "one row for \(samples) samples"
    case .perSample(let count): "\(count) rows a sample"
    case .fixed(let count): "\(count) rows"
    }
  }

  /// The rows in a batch of `batch` samples; nil where it cannot be divided so.
  func count(inBatchOf batch: Int) -> Int? {
    switch self {
    case .onePer(let samples): batch.isMultiple(of: samples) ? batch / samples : nil
    case .perSample(let count): batch * count
    case .fixed(let count): count
    }
  }

  /// The rows of each sample; nil where samples share rows, or batches of any size have as many.
  var countOfSample: Int? {
    switch self {
    case .batch: 1
    case .perSample(let count): count
    case .onePer, .fixed: nil
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
