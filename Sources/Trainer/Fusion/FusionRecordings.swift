import Datasets
import Digests
import Foundation
import Nets

/// A recording whose features are there.
struct FusionRecording {
  let name: String
  /// Valence and arousal of each frame.
  let labels: [SIMD2<Float>]
  /// Frames of the recording.
  let frameCount: Int
  /// The features of each modality that is used; of an extractor that learns those that it began with,
  /// of training recordings.
  let features: [Modality: any FrameSource]
  /// What the extractors that learn read.
  let inputs: [Modality: any FrameSource]
  /// What decides both, whichever kernels compute.
  let contentDigests: [String]
  /// Of what the network perceives by, what there is not of this recording.
  var missing: [Modality] = []
}

/// The recordings of a split.
struct FusionSplit {
  let recordings: [FusionRecording]

  /// Frames of all recordings.
  var frameCount: Int { recordings.reduce(0) { $0 + $1.frameCount } }
  /// The recordings that the network perceives without a modality, by name.
  var without: [Modality: [String]] {
    Modality.allCases.reduce(into: [:]) { without, modality in
      let names = recordings.filter { $0.missing.contains(modality) }.map(\.name)
      if !names.isEmpty { without[modality] = names }
    }
  }

  /// Frames of all films in which no face was found.
  var framesWithoutFace: Int {
    recordings.reduce(0) {
      $0 + (($1.inputs[.visual] ?? $1.features[.visual])?.presence.count { !$0 } ?? 0)
    }
  }
}

/// Makes the features of recordings, on all ranks alike.
struct FusionReader {
  let configuration: FusionConfiguration
  let extractors: FusionExtractors
  /// Whether features of training recordings are to be standardised.
  let isTraining: Bool
  let job: Job
  let cache: FeatureCache
  let console: Console

  /// Makes the features of recordings. Collective.
  ///
  /// - Returns: nil when a stop was requested.
  /// - Throws: `TrainerError.agreed`.
  func read(
    _ recordings: [AnnotatedRecording], isStopRequested: () throws -> Bool
  ) throws -> [Split: FusionSplit]? {
    let items = try items(recordings)
    let extraction = FeatureExtraction(cache: cache) { item in
      guard let recording = recordings.first(where: { $0.name == item.recording }) else {
        preconditionFailure("items are of these recordings")
      }
      return try extractors.work(recording, item.key)
    }
    guard
      try extraction.run(items, job: job, console: console, isStopRequested: isStopRequested)
    else { return nil }
    return try job.agreement.together { try open(recordings, items) }
  }

  /// What is wanted of all recordings; films first, since they take longest. Collective: each rank
  /// digests its part of the files.
  private func items(_ recordings: [AnnotatedRecording]) throws -> [FeatureItem] {
    let weights = try job.agreement.onRankZero {
      try configuration.fusion.modalities.all.map { modality in
        try extractors.weights(of: modality).map { try SHA256.digest(ofFile: $0).digest } ?? ""
      }
    }
    let wanted = zip(configuration.fusion.modalities.all, weights).flatMap { modality, weights in
      recordings.flatMap { recording in
        contents(of: recording, modality).map {
          (recording: recording, modality: modality, weights: $0 == .features ? weights : nil)
        }
      }
    }
    let kernels = Engine.identity(threads: configuration.threads)
    let ranks = job.communicator.worldSize
    let own = try job.agreement.together {
      try stride(from: job.rank, to: wanted.count, by: ranks).map { index in
        let item = wanted[index]
        return try extractors.key(item.recording, item.modality, weights: item.weights)
      }
    }
    let keys = try job.communicator.allGather(Array(JSONEncoder().encode(own)))
      .map { try JSONDecoder().decode([FeatureKey].self, from: Data($0)) }
    return try wanted.enumerated().map { index, item in
      let key = keys[index % ranks][index / ranks]
      return FeatureItem(
        recording: item.recording.name, frames: item.recording.frames,
        rows: extractors.rows(of: item.recording, key), key: key,
        path: cache.path(
          recording: item.recording.name, modality: item.modality, content: key.content,
          digest: try key.digest(kernels: kernels)))
    }
  }

  /// What is wanted of a recording. An extractor that learns reads its inputs; features of its own, as
  /// it begins, are what standardises those to come.
  private func contents(of recording: AnnotatedRecording, _ modality: Modality) -> [FrameContent] {
    guard recording.media(modality) != nil else { return [] }
    guard extractors.tuned.contains(modality) else { return [.features] }
    let isLearnedFrom = isTraining && recording.split == Split.training.rawValue
    return isLearnedFrom ? [.inputs, .features] : [.inputs]
  }

  private func open(
    _ recordings: [AnnotatedRecording], _ items: [FeatureItem]
  ) throws -> [Split: FusionSplit] {
    let opened = try recordings.map { recording in
      let own = items.filter { $0.recording == recording.name }
      return (
        split: recording.split,
        recording: FusionRecording(
          name: recording.name, labels: recording.labels, frameCount: recording.frames.count,
          features: try Self.files(.features, of: own), inputs: try Self.files(.inputs, of: own),
          contentDigests: try own.map { try $0.key.contentDigest() },
          missing: recording.missing(of: configuration.fusion.modalities.all))
      )
    }
    return Dictionary(grouping: opened, by: \.split).reduce(into: [:]) { splits, group in
      guard let split = Split(rawValue: group.key) else { return }
      splits[split] = FusionSplit(recordings: group.value.map(\.recording))
    }
  }

  private static func files(
    _ content: FrameContent, of items: [FeatureItem]
  ) throws -> [Modality: any FrameSource] {
    try Dictionary(
      uniqueKeysWithValues: items.filter { $0.key.content == content }.map {
        ($0.key.modality, try FeatureFile(path: $0.path, frames: $0.rows, type: $0.key.type))
      })
  }
}
