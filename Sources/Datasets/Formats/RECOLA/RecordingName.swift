/// A recording's name in RECOLA: `train_1`, `dev_9`, `test_3`.
struct RecordingName: Hashable, Comparable {
  let text: String
  let split: Split
  let number: Int

  /// The recording that a name means; nil for any other name.
  init?(_ name: Substring) {
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    let prefixes: [Substring: Split] = ["train": .training, "dev": .validation, "test": .test]
    guard parts.count == 2, let split = prefixes[parts[0]], let number = Int(parts[1]),
      number >= 0, String(number) == parts[1]
    else { return nil }
    text = String(name)
    self.split = split
    self.number = number
  }

  private var order: Int { Split.allCases.firstIndex(of: split) ?? 0 }

  static func < (left: RecordingName, right: RecordingName) -> Bool {
    (left.order, left.number) < (right.order, right.number)
  }
}
