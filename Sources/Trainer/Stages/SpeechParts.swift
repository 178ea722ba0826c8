import Datasets

// Which utterances are for what, from a configuration.

extension SpeechSection {
  /// Who is in which split; nil where the list's own column says.
  ///
  /// - Throws: `DatasetError.setting`, whose name is a key of this section without `data.`.
  func speakers(of manifest: SpeechManifest) throws -> SpeakerSplit? {
    let everybody = manifest.speakers
    switch split {
    case .list: return nil
    case .chance:
      return try naming(["validation": "validation_part", "test": "test_part"]) {
        try SpeakerSplit(
          speakers: everybody, validation: validationPart, test: testPart, seed: splitSeed)
      }
    case .speakers:
      return try naming(["validation": "validation_speakers", "test": "test_speakers"]) {
        try SpeakerSplit(
          speakers: everybody, validation: Set(validationSpeakers), test: Set(testSpeakers))
      }
    }
  }

  /// Gives a refused setting the name of its key.
  private func naming<Value>(_ keys: [String: String], _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch DatasetError.setting(let name, let reason) {
      throw DatasetError.setting(name: "data.\(keys[name] ?? name)", reason: reason)
    }
  }
}

extension SpeechManifest {
  /// The same list, if there is anything in it.
  ///
  /// - Throws: `DatasetError.nothingUsable`.
  func requiringUtterances(of split: Split) throws -> SpeechManifest {
    guard records.isEmpty else { return self }
    throw DatasetError.nothingUsable(
      file: path, what: "utterance for \(split.rawValue)",
      reason: "none is of this split (data.split, or the list's column split)")
  }
}

extension SpeechAugmentation {
  /// Leaves everything as it is.
  static let none = SpeechAugmentation(
    masks: SpecAugment(
      timeMasks: 0, longestTimeMask: 0, frequencyMasks: 0, widestFrequencyMask: 0, fill: 0),
    gainDecibels: 0)
}

extension LoadedConfiguration<AudioConfiguration> {
  /// Who is in which split; a refusal becomes a mistake that says where the value stands.
  func speakers(of manifest: SpeechManifest) throws -> SpeakerSplit? {
    try pointing { try values.data.speakers(of: manifest) }
  }

  /// The order of the utterances; a refusal becomes a mistake that says where the value stands.
  func epochPlan(for manifest: SpeechManifest) throws -> EpochPlan {
    let isBalanced = values.data.balance == .sampling
    if isBalanced, let unknown = manifest.records.first(where: { $0.emotion == nil }) {
      throw TrainerError.configuration([
        mistake(
          "data.balance",
          "sampling needs an emotion for every utterance, and \(manifest.path):\(unknown.line) has "
            + "none; use loss")
      ])
    }
    return try pointing {
      try EpochPlan(
        classOfSample: manifest.classOfSample, globalBatch: values.batch.global,
        microBatch: values.batch.micro, seed: values.seed,
        sampling: isBalanced ? .balanced : .shuffled)
    }
  }
}
