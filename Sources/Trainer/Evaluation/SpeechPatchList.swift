import Datasets

/// The patches of all utterances of a list, in its order.
struct SpeechPatchList {
  /// What an evaluation reads.
  let patches: [SpeechPatch]
  /// Utterances that are not among them, because how long they are cannot be told.
  let problems: [SampleProblem]

  /// Finds out how long utterances are, each rank of a part of them. Collective.
  ///
  /// - Throws: `TrainerError.agreed` where more of them cannot be used than `onError` allows.
  init(_ manifest: SpeechManifest, cut: SpeechPatches, onError: ErrorPolicy, job: Job) throws {
    var lengths = [Int32](repeating: 0, count: manifest.records.count)
    var own: [SampleProblem] = []
    try job.agreement.together {
      let reader = try UtteranceReader(manifest: manifest, cut: cut, augmentation: .none)
      for index in stride(
        from: job.rank, to: lengths.count, by: job.communicator.worldSize)
      {
        do throws(SampleProblem) {
          lengths[index] = Int32(try reader.length(ofUtterance: Int32(index)))
        } catch {
          if case .fail = onError { throw DatasetError.sample(error) }
          own.append(error)
        }
      }
    }
    try job.communicator.allReduceMaximum(&lengths)
    problems = try job.gather(own)
    let found = problems
    try job.throwingAlike {
      var skipped = SkippedSamples()
      try skipped.add(found, policy: onError)
      guard found.count < lengths.count else {
        throw DatasetError.nothingUsable(
          file: manifest.path, what: "utterance",
          reason: "the first of \(found.count): \(found.first?.description ?? "none")")
      }
    }
    patches = lengths.enumerated().flatMap { index, length in
      length == 0
        ? []
        : cut.starts(samples: Int(length)).map {
          SpeechPatch(utterance: Int32(index), start: Int32($0))
        }
    }
  }
}
