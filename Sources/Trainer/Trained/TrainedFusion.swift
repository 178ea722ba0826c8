import Datasets
import Media
import Nets

/// The network of a run of fusion with its extractors: valence and arousal of one recording at a time.
package final class TrainedFusion {
  /// What sees; nil for a network that hears alone.
  package let visual: FilmExtractor.Settings?
  /// What hears; nil for a network that sees alone.
  package let audio: SoundExtractor.Settings?
  /// How faces are found.
  package let faces: FaceSource
  let threads: Int
  let precision: Precision
  let weights: String
  let filesOfExtractors: [String]
  /// Outputs that the visual extractor's training had no labels for.
  private let untaughtOfVisual: Set<String>
  private let tuned: TunedExtractors
  private let dispensable: [Modality]
  private let modalities: [Modality]
  private let plan: WindowPlan
  private let postProcessing: AffectPostProcessing?

  /// - Throws: `TrainerError` naming what is missing, `WeightsError`, `NetsError`.
  init(_ folder: RunFolder, _ choice: TrainedRun.Choice) throws {
    let loaded = try FusionConfiguration.load(
      file: folder.configuration, overrides: choice.overridesOfFusion)
    let configuration = loaded.values
    let extractors = try FusionExtractors(loaded)
    weights = try folder.existingWeights(named: choice.checkpoint)
    if extractors.film?.augmentation.alignment != nil, configuration.faces.landmarks == nil {
      throw TrainerError.usage(
        "the visual extractor of \(folder.path) learned from faces that were turned upright by their eyes: "
          + "name a model that marks them with --landmarks, such as \(FaceLandmarker.systemModel)")
    }
    threads = configuration.threads
    precision = configuration.precision
    try Engine.configure(threads: threads)
    filesOfExtractors = extractors.files
    untaughtOfVisual =
      try extractors.film.map { try ModelSnapshot.untaught(ofModel: $0.weights) } ?? []
    visual = extractors.film
    audio = extractors.sound
    tuned = extractors.tuned
    dispensable = configuration.dispensable
    modalities = configuration.fusion.modalities.all
    faces = configuration.faceDetection
    plan = try WindowPlan(
      of: folder, configuration, tuned: tuned, weights: weights, batch: configuration.batch.micro)
    postProcessing = try folder.postProcessing(
      ofWeights: weights, step: try ModelSnapshot.step(ofModel: weights))
  }

  /// Whether the network perceives by the film.
  package var sees: Bool { modalities.contains(.visual) }
  /// Whether the network perceives by the sound.
  package var hears: Bool { modalities.contains(.audio) }

  /// Whether the network has learned to do without the film or without the sound.
  package var canDoWithoutOne: Bool { !dispensable.isEmpty }

  /// What makes rows of faces for the network: features, or faces where its own backbone sees them.
  ///
  /// - Parameters:
  ///   - outputs: of the extractor, which stand behind its features; those that it was never taught are left
  ///     out. They need an extractor of their own where the network's backbone has learned on.
  ///   - count: extractors that run side by side.
  /// - Returns: what makes rows, the last of them those with these outputs, and where these have them.
  package func faceRows(
    outputs: [String], sideBySide count: Int
  ) throws -> (rows: [any FaceRows], layout: RowLayout?) {
    guard let visual else { return ([], nil) }
    let isTuned = tuned.contains(.visual)
    let outputs = outputs.filter { !untaughtOfVisual.contains($0) }
    if isTuned, outputs.isEmpty {
      return ([try FaceCrops(visual.cutting, batch: max(1, count) * visual.batch)], nil)
    }
    let extractors = try (0..<max(1, count)).map { _ in
      try FilmExtractor(visual, outputs: (isTuned ? [] : ["features"]) + outputs)
    }
    let said = ParallelExtractors(extractors, threads: threads)
    let seen: [any FaceRows] =
      isTuned ? [try FaceCrops(visual.cutting, batch: said.batch)] : []
    return (seen + [said], extractors[0].tableLayout)
  }

  /// What makes rows of moments of a sound for the network.
  package func soundRows() throws -> (any SoundRows)? {
    guard let audio else { return nil }
    return tuned.contains(.audio)
      ? try LogMelRows(audio.place, batch: audio.batch) : try SoundExtractor(audio)
  }

  /// Predicts a recording.
  ///
  /// - Parameters:
  ///   - film: of `faceRows`, of whose rows the features count; nil without one.
  ///   - sound: of `soundRows`; nil without one.
  ///   - frames: of the recording, 40 ms each.
  /// - Returns: valence and arousal of each frame, after the run's post-processing.
  /// - Throws: `NetsError.kernel`, `TrainerError.outputsNotFinite`.
  package func predict(
    film: FeatureTable?, sound: FeatureTable?, frames: Int
  ) throws -> [SIMD2<Float>] {
    let tables = [
      (Modality.visual, film, tuned.contains(.visual), try visualWidth()),
      (Modality.audio, sound, tuned.contains(.audio), nil),
    ]
    var (features, inputs) = ([Modality: any FrameSource](), [Modality: any FrameSource]())
    for (modality, table, isTuned, width) in tables {
      guard let table, modalities.contains(modality) else { continue }
      let rows = KeptTable(table, columns: width)
      if isTuned { inputs[modality] = rows } else { features[modality] = rows }
    }
    let recording = FusionRecording(
      name: "", labels: [], frameCount: frames, features: features, inputs: inputs,
      contentDigests: [])
    let affect = try predict(FusionSplit(recordings: [recording]), frames: frames)
    guard affect.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else {
      throw TrainerError.outputsNotFinite(weights: weights)
    }
    return affect
  }

  /// Of rows that have other outputs behind them, how much is features.
  private func visualWidth() throws -> Int? {
    guard let visual, !tuned.contains(.visual) else { return nil }
    return try visual.network.backbone.name.featureCount()
  }

  private func predict(_ split: FusionSplit, frames: Int) throws -> [SIMD2<Float>] {
    let windows = plan.windows(of: [frames])
    var average = WindowAverage(frameCounts: [frames])
    for first in stride(from: 0, to: windows.count, by: plan.batch) {
      let some = windows[first...].prefix(plan.batch)
      try plan.run(some, split)
      for (place, window) in some.enumerated() {
        average.add(
          window, Array(plan.predictions)[(place * 2 * plan.length)...].prefix(2 * plan.length))
      }
    }
    let predictions = plan.aligned(average)[0]
    return postProcessing.map { $0.applied(to: predictions) } ?? predictions
  }
}
