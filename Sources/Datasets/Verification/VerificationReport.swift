/// What `aver verify` found.
public struct VerificationReport: Codable, Equatable, Sendable {
  /// What was verified.
  public var path: String
  /// The data sets: one, but for a folder of several.
  public var sets: [SetReport]
  /// How many findings of each kind there are, by `Finding.Kind`'s raw values.
  public var counts: [String: Int]
  /// The first findings of each kind.
  public var findings: [Finding]

  /// Whether nothing is unusable and nothing is in two splits.
  public var isClean: Bool {
    Finding.Kind.allCases.allSatisfy { !$0.isFault || counts[$0.rawValue, default: 0] == 0 }
  }
}

/// One data set.
public struct SetReport: Codable, Equatable, Sendable {
  /// The list or folder.
  public var path: String
  /// What it was taken for.
  public var format: DataFormat
  /// Its splits.
  public var parts: [PartReport]
  /// Its images, sounds and films, nil where there are none.
  public var media: MediaReport?
}

/// One split of a data set.
public struct PartReport: Codable, Equatable, Sendable {
  /// `training`, `validation` or `test`, or else the list's own name.
  public var name: String
  /// The list, or the folder.
  public var file: String
  /// What is counted: `faces`, `triplets`, …
  public var unit: String
  /// How many of them can be used.
  public var count: Int
  /// How many samples each class has.
  public var classes: [ClassCount] = []
  /// Unpleasant (−1) to pleasant (1), nil for formats without it.
  public var valence: ValueRange?
  /// Calm (−1) to excited (1), nil for formats without it.
  public var arousal: ValueRange?
  /// The same for each speaker or recording.
  public var groups: [GroupReport] = []
  /// What was left out or cut and is no fault.
  public var notes: [String] = []
}

/// A speaker or a recording.
public struct GroupReport: Codable, Equatable, Sendable {
  /// Who or what.
  public var name: String
  /// Utterances, or frames.
  public var count: Int
  /// How many utterances each class has.
  public var classes: [ClassCount] = []
  /// See `PartReport`.
  public var valence: ValueRange?
  /// See `PartReport`.
  public var arousal: ValueRange?
}

/// How often a class occurs.
public struct ClassCount: Codable, Equatable, Sendable {
  /// The class.
  public var name: String
  /// Its samples.
  public var count: Int
}

/// The values of a label.
public struct ValueRange: Codable, Equatable, Sendable {
  /// Samples with a value.
  public private(set) var count = 0
  /// Samples without one.
  public private(set) var missing = 0
  /// The smallest value, 0 where there is none.
  public private(set) var minimum: Double = 0
  /// The largest value, 0 where there is none.
  public private(set) var maximum: Double = 0
  /// The mean of the values, 0 where there is none.
  public private(set) var mean: Double = 0

  /// Takes a sample, nil for one without a value.
  mutating func add(_ value: Float?) {
    guard let value = value.map(Double.init) else {
      missing += 1
      return
    }
    minimum = count == 0 ? value : min(minimum, value)
    maximum = count == 0 ? value : max(maximum, value)
    count += 1
    mean += (value - mean) / Double(count)
  }

  /// Takes all that another has.
  mutating func add(_ other: ValueRange) {
    missing += other.missing
    guard other.count > 0 else { return }
    minimum = count == 0 ? other.minimum : min(minimum, other.minimum)
    maximum = count == 0 ? other.maximum : max(maximum, other.maximum)
    count += other.count
    mean += (other.mean - mean) * Double(other.count) / Double(count)
  }
}

/// The images, sounds and films of a data set.
public struct MediaReport: Codable, Equatable, Sendable {
  /// Samples that can be decoded, or are there where `isDecoded` is false; an image that two rows name
  /// counts twice.
  public var usable = 0
  /// Samples that cannot.
  public var unusable = 0
  /// Whether they were decoded, and compared by content.
  public var isDecoded: Bool
  /// Sizes of images and films, nil where there are none.
  public var sizes: SizeRange?
  /// Length of sounds and films in seconds.
  public var seconds: ValueRange?
}

/// Sizes of images in pixels, as `WIDTHxHEIGHT`.
public struct SizeRange: Codable, Equatable, Sendable {
  /// That of the fewest pixels.
  public var smallest: String
  /// That in the middle.
  public var median: String
  /// That of the most pixels.
  public var largest: String
}
