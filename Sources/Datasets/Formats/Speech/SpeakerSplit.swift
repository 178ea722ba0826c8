import CounterRandom

/// Which speaker is in which split: nobody is in two, so that a voice is never tested that was learned.
public struct SpeakerSplit: Equatable, Sendable {
  private let splitOfSpeaker: [String: Split]

  /// Deals speakers out by chance: a pure function of the set and the seed, whatever the order in which
  /// speakers were found.
  ///
  /// A fraction above 0 gets at least one speaker, and at least one is left for training.
  ///
  /// - Parameters:
  ///   - speakers: everybody.
  ///   - validation: the fraction of speakers for validation, 0 to 1.
  ///   - test: the fraction for test, 0 to 1.
  ///   - seed: the seed.
  /// - Throws: `DatasetError.setting` for fractions that leave nobody for training.
  public init(
    speakers: Set<String>, validation: Double, test: Double, seed: UInt64
  ) throws {
    func count(_ name: String, _ fraction: Double) throws -> Int {
      guard (0...1).contains(fraction) else {
        throw DatasetError.setting(name: name, reason: "\(fraction) is not a fraction from 0 to 1")
      }
      if fraction == 0 { return 0 }
      return max(1, Int((fraction * Double(speakers.count)).rounded()))
    }
    let counts = try (validation: count("validation", validation), test: count("test", test))
    guard counts.validation + counts.test < speakers.count else {
      throw DatasetError.setting(
        name: "validation",
        reason: "\(counts.validation) speakers and \(counts.test) for test leave none of "
          + "\(speakers.count) for training")
    }
    var random = CounterRandom(seed: seed, purpose: .speakerSplit)
    var order = speakers.sorted(by: FolderListing.precedes)
    // Written out, because the standard library may change how it shuffles.
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, random.integer(below: last + 1))
    }
    splitOfSpeaker = Dictionary(
      uniqueKeysWithValues: order.enumerated().map { place, speaker in
        let isValidation = place < counts.validation
        let isTest = !isValidation && place < counts.validation + counts.test
        return (speaker, isValidation ? .validation : isTest ? .test : .training)
      })
  }

  /// Takes the speakers of validation and test from lists; all others are for training.
  ///
  /// - Throws: `DatasetError.setting` for a name that nobody has, that is in both lists, or when nobody
  ///   is left for training.
  public init(speakers: Set<String>, validation: Set<String>, test: Set<String>) throws {
    for (name, list) in [("validation", validation), ("test", test)] {
      if let unknown = list.subtracting(speakers).min(by: FolderListing.precedes) {
        let known = speakers.sorted(by: FolderListing.precedes)
        let nearest = known.min { editDistance($0, unknown) < editDistance($1, unknown) }
        throw DatasetError.setting(
          name: name,
          reason: "nobody is called '\(unknown)'" + (nearest.map { "; is it '\($0)'?" } ?? ""))
      }
    }
    if let both = validation.intersection(test).min(by: FolderListing.precedes) {
      throw DatasetError.setting(
        name: "test", reason: "'\(both)' is in the list for validation, too; choose one")
    }
    guard validation.count + test.count < speakers.count else {
      throw DatasetError.setting(name: "validation", reason: "nobody is left for training")
    }
    splitOfSpeaker = Dictionary(
      uniqueKeysWithValues: speakers.map {
        ($0, validation.contains($0) ? .validation : test.contains($0) ? .test : .training)
      })
  }

  /// The split of a speaker, nil for somebody unknown.
  public func split(of speaker: String) -> Split? { splitOfSpeaker[speaker] }

  /// The speakers of a split, in order.
  public func speakers(of split: Split) -> [String] {
    splitOfSpeaker.filter { $0.value == split }.keys.sorted(by: FolderListing.precedes)
  }
}
