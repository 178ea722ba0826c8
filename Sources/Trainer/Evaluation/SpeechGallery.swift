import Datasets
import Foundation
import Media

/// Pictures of an evaluation's utterances with what the network said of them: mistakes, the most
/// confident ones first, and utterances that were recognised. What it picks depends on the outputs alone.
struct SpeechGallery {
  /// What is shown of a long utterance: its first six seconds.
  private static let mostFrames = 600

  private let manifest: SpeechManifest
  private let patches: [SpeechPatch]
  private let patchFrames: Int

  /// - Parameters:
  ///   - patches: those of the evaluation, which tell how long utterances are.
  ///   - cut: how they are cut.
  init(_ manifest: SpeechManifest, patches: [SpeechPatch], cut: SpeechPatches) {
    self.manifest = manifest
    self.patches = patches
    patchFrames = cut.frames
  }

  /// Pictures of utterances, all of the same length, so that time runs alike in them; those that cannot
  /// be read are left out.
  ///
  /// - Parameter means: by the utterance's place in the list; nil for what was not heard.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  func pictures(of means: [UtteranceMeans.Mean?]) throws -> [ReportPicture] {
    let utterances = utterances(of: means)
    let chosen = GalleryChoice.choose(from: utterances.map(\.candidate))
    guard !chosen.isEmpty else { return [] }
    let frames = self.frames(of: chosen)
    let loader = try BatchLoader(
      manifest: manifest, cut: try SpeechPatches(frames: frames),
      patches: chosen.map { SpeechPatch(utterance: Int32($0), start: 0) },
      augmentation: .none, mode: .evaluation,
      requests: [MicroBatchRequest(epoch: 0, sampleIndices: Array(0..<Int32(chosen.count)))],
      seed: 0, microBatch: chosen.count, workers: 1, queueDepth: 1, onError: .skip(limit: .max))
    var values = [Float](repeating: 0, count: chosen.count * frames * LogMelSpectrogram.bands)
    let batch = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
    let images = LogMelImages(values, frames: frames)
    let told = Dictionary(uniqueKeysWithValues: utterances.map { ($0.candidate.sample, $0) })
    return try chosen.indices.compactMap { place in
      guard let batch, batch.weights[place] > 0, let utterance = told[chosen[place]] else {
        return nil
      }
      return ReportPicture(
        picture: try images.picture(of: place), caption: utterance.caption,
        isRight: utterance.isRight)
    }
  }

  /// Frames of the longest of some utterances, or as many as are shown.
  private func frames(of chosen: [Int]) -> Int {
    let wanted = Set(chosen.map(Int32.init))
    let ends = patches.filter { wanted.contains($0.utterance) }.map {
      Int($0.start) / LogMelSpectrogram.hopSamples + patchFrames
    }
    return min(Self.mostFrames, ends.max() ?? patchFrames)
  }

  // MARK: - What was said

  private struct Utterance {
    var candidate: GalleryChoice.Candidate
    var caption: String
    /// Nil where there is no right and wrong.
    var isRight: Bool?
  }

  /// The utterances with a truth to compare with: of the emotion, or else of valence and arousal.
  private func utterances(of means: [UtteranceMeans.Mean?]) -> [Utterance] {
    let heard = zip(manifest.records.indices, means).compactMap { index, mean in
      mean.map { (index: index, record: manifest.records[index], mean: $0) }
    }
    let classified = heard.compactMap { index, record, mean -> Utterance? in
      guard let label = record.emotion?.rawValue, let prediction = mean.prediction else {
        return nil
      }
      return Self.classified(index, record, label, prediction, mean.probabilities[prediction])
    }
    if !classified.isEmpty { return classified }
    let distances = heard.compactMap { index, record, mean -> (Int, SpeechRecord, Affect)? in
      guard let affect = Affect(record, mean) else { return nil }
      return (index, record, affect)
    }
    let middle = distances.map(\.2.distance).sorted().dropFirst(distances.count / 2).first ?? 0
    return distances.map { index, record, affect in
      Utterance(
        candidate: GalleryChoice.Candidate(
          sample: index, isRight: affect.distance < middle, weight: affect.distance),
        caption: "\(Self.name(of: record)): \(affect.text)")
    }
  }

  private static func classified(
    _ index: Int, _ record: SpeechRecord, _ label: Int, _ prediction: Int, _ confidence: Double
  ) -> Utterance {
    let isRight = label == prediction
    let names = EmotionScore.names
    let found = isRight ? "" : ", taken for \(names[prediction])"
    return Utterance(
      candidate: GalleryChoice.Candidate(sample: index, isRight: isRight, weight: confidence),
      caption: "\(name(of: record)): \(names[label])\(found), "
        + "\(Int((100 * confidence).rounded())) %", isRight: isRight)
  }

  /// The file's name, and where in it the utterance begins.
  private static func name(of record: SpeechRecord) -> String {
    let file = record.audioPath.split(separator: "/").last.map(String.init) ?? record.audioPath
    return record.startSeconds > 0
      ? String(format: "%@ at %.1f s", file, record.startSeconds) : file
  }

  /// What was predicted of an utterance, and what is true.
  private struct Affect {
    let distance: Double
    let text: String

    /// - Returns: nil where the truth is not known.
    init?(_ record: SpeechRecord, _ mean: UtteranceMeans.Mean) {
      guard let valence = record.valence, let arousal = record.arousal else { return nil }
      let difference = mean.affect - SIMD2(valence, arousal)
      distance = Double((difference * difference).sum().squareRoot())
      guard distance.isFinite else { return nil }
      text = String(
        format: "valence %.2f, taken for %.2f; arousal %.2f, taken for %.2f", valence,
        mean.affect.x, arousal, mean.affect.y)
    }
  }
}
