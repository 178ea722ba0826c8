import Datasets
import Foundation
import Media
import Nets

/// What one has to know to use an exported model: `model.json`, and the metadata of its ONNX and
/// safetensors files.
struct ExportDescription: Encodable {
  /// A file and what it computes.
  struct File: Encodable {
    var name: String
    var holds: String
    /// Names and extents; empty for weights.
    var inputs: [String]
    var outputs: [String]
  }

  /// The version of this description.
  let formatVersion = 1
  /// The stage that trained the model.
  var stage: String
  /// Updates that had been made.
  var step: Int?
  /// The network.
  var architecture: String
  /// The files of the folder; none where the description is in one of them.
  var files: [File] = []
  /// What faces have to be made into.
  var visual: VisualInput?
  /// What sound has to be made into.
  var audio: AudioInput?
  /// How outputs are read.
  var outputs: Outputs
  /// How recordings are gone through.
  var fusion: FusionUse?

  /// As JSON, for people where `isPretty`.
  func json(isPretty: Bool) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return Array(try encoder.encode(self)) + (isPretty ? [UInt8(ascii: "\n")] : [])
  }

  /// As metadata of a file: all of it, and what one looks for most under names of its own.
  func metadata() throws -> [(key: String, value: String)] {
    var plain = self
    plain.files = []
    return [
      ("aver", String(decoding: try plain.json(isPretty: false), as: UTF8.self)),
      ("aver.stage", stage), ("aver.architecture", architecture),
    ]
      + (step.map { [("aver.step", "\($0)")] } ?? [])
      + (outputs.classes.map { [("aver.classes", $0.joined(separator: ","))] } ?? [])
  }
}

/// How a face becomes a network's input.
struct VisualInput: Encodable, Equatable {
  /// How a face is cut out.
  struct Placement: Encodable, Equatable {
    /// `box` or `eyes`.
    var kind: String
    var text: String
    /// From eye to eye, as a part of the width; nil for boxes.
    var eyeDistance: Double?
    /// From the upper edge to the eyes, as a part of the height; nil for boxes.
    var eyeHeight: Double?
    /// The side of the square by the longer side of a box, for faces without eyes, or in films.
    var boxMargin: Double?
  }

  var backbone: String
  /// Height and width, in pixels.
  var imageSize: Int
  let layout = "NCHW"
  let colorOrder = "RGB"
  /// What pixels are before mean and deviation: bytes divided by 255.
  let valueRange = [0.0, 1.0]
  var mean: [Float]
  var standardDeviation: [Float]
  let normalization = "(value - mean) / standard_deviation, for each colour"
  let resize = "triangle filter with anti-aliasing, as PIL's BILINEAR"
  var face: Placement
  /// Features that the backbone gives.
  var features: Int

  /// - Parameter boxMargin: in films, for a network that learned from boxes; nil for pictures.
  init(
    _ backbone: ModelName, _ augmentation: Augmentation, boxMargin: Double? = nil
  ) throws {
    self.backbone = backbone.rawValue
    imageSize = augmentation.imageSize
    mean = (0..<3).map { augmentation.mean[$0] }
    standardDeviation = (0..<3).map { augmentation.standardDeviation[$0] }
    features = try backbone.featureCount()
    face =
      augmentation.alignment.map { alignment in
        Placement(
          kind: "eyes",
          text: "turned upright and scaled so that both eyes are at their places; without eyes the "
            + "square around the middle of the box; black outside of the image",
          eyeDistance: alignment.eyeDistance, eyeHeight: alignment.eyeHeight,
          boxMargin: alignment.boxMargin)
      }
      ?? Placement(
        kind: "box",
        text: boxMargin == nil
          ? "the face's box as the list has it, or the whole image without one, stretched to a square"
          : "the square around the middle of the face's box; black outside of the image",
        boxMargin: boxMargin)
  }
}

/// How sound becomes a network's input.
struct AudioInput: Encodable, Equatable {
  var backbone: String
  /// In Hz; one channel, the mean of all.
  let sampleRate = LogMelSpectrogram.rate
  let valueRange = [-1.0, 1.0]
  let windowSamples = LogMelSpectrogram.windowSamples
  let hopSamples = LogMelSpectrogram.hopSamples
  let transformSamples = LogMelSpectrogram.transformSamples
  let window = "periodic Hann"
  let melBands = LogMelSpectrogram.bands
  let melHertz = [LogMelSpectrogram.hertz.lowerBound, LogMelSpectrogram.hertz.upperBound]
  let melScale =
    "HTK, 1127 ln(1 + f / 700); triangles linear in mel, not normalised, bin 0 left out"
  let energies = "ln(sum of magnitudes under a triangle + log_offset), as VGGish"
  let logOffset = LogMelSpectrogram.offset
  /// Frames of a patch, 10 ms each.
  var patchFrames: Int
  /// Samples that a patch is computed from.
  var patchSamples: Int
  let layout = "[batch, 1, frames, bands]"
  let shorterSounds = "samples of 0 follow"
  /// Features that the backbone gives.
  var features: Int
  /// Of recordings: samples from the start of a frame, which has 640, to the start of its patch, so that
  /// the middles of both are the same moment; nil elsewhere.
  var patchStartOfFrame: Int?

  init(_ network: AudioNetwork, ofFrames: Bool = false) throws {
    backbone = network.backbone.rawValue
    patchFrames = network.frames
    let place = PatchPlace(frames: network.frames)
    patchSamples = place.samples(hops: network.frames)
    patchStartOfFrame = ofFrames ? -place.samplesBefore : nil
    features = try network.backbone.featureCount()
  }
}

/// How a network's outputs are read.
struct Outputs: Encodable, Equatable {
  /// Names in the order of `logits`; nil without such a head.
  var classes: [String]?
  /// Names in the order of `affect` or `predictions`; nil without such a head.
  var affect: [String]?
  /// The length of `embedding`; nil without such a head.
  var embedding: Int?
  /// How they are read, in words.
  var text: String
}

/// How a fusion network goes through recordings.
struct FusionUse: Encodable, Equatable {
  /// What it perceives.
  var modalities: [String]
  /// The modalities whose backbones are in it, and learned on.
  var tunedBackbones: [String]
  /// Frames a second; frame t is about the moment (t + 0.5) / rate.
  let frameRate = 1 / FrameClock.periodSeconds
  /// Frames of the windows that it learned on.
  var windowFrames: Int
  /// Frames that neighbouring windows share; predictions of both are averaged.
  var windowOverlap: Int
  /// How much later than what it is about an annotation is, in frames, valence first: the prediction of
  /// frame t is for frame t + delay.
  var delayFrames: [Int]
  /// Whether predictions pass through tanh.
  var isBounded: Bool
  /// What whole recordings' predictions underwent in evaluation, as chosen on development recordings: a
  /// median, then + offset, then pivot + factor (x - pivot), then later by some frames; nil for nothing.
  var postProcessing: AffectPostProcessing?
  let presence =
    "1 where a frame has a face or sound, 0 where not: its features may then be anything"
  let lengths = "frames of each sequence; what lies behind them is not looked at"
}
