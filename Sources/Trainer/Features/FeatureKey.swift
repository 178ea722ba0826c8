import Digests
import Nets

/// What is kept of a recording's film or sound.
enum FrameContent: String, Codable, Sendable {
  /// What an extractor makes of each frame.
  case features
  /// What a network reads of each frame: faces, or energies.
  case inputs
}

/// Everything that decides the features of a recording, by name: the file that keeps them is named by
/// its digest, so that nothing stale is ever found.
struct FeatureKey: Codable, Equatable, Sendable {
  /// Rises whenever the same film, sound and weights give other features than before.
  static let revision = 1

  /// Which of the recording's media the features are of.
  let modality: Modality
  /// Features, or what a network makes them of.
  let content: FrameContent
  /// What decides, in the order of the digest.
  private let parts: [Part]

  private struct Part: Codable, Equatable {
    var name: String
    var value: String
  }

  /// - Parameters:
  ///   - frames: of the recording.
  ///   - extractor: the network and how its input is made.
  ///   - weights: the digest of the weights file; nil for what networks read.
  ///   - media: the digest of the film or the sound.
  ///   - faces: the digest of the list of faces, or how they are found; nil for sound.
  init(
    modality: Modality, frames: Range<Int>, extractor: String, weights: String?, media: String,
    faces: String?
  ) {
    self.modality = modality
    content = weights == nil ? .inputs : .features
    let parts: [(name: String, value: String?)] = [
      ("revision", "\(Self.revision)"), ("modality", modality.rawValue),
      ("frames", "\(frames.lowerBound)..<\(frames.upperBound)"), ("extractor", extractor),
      ("weights", weights), ("media", media), ("faces", faces),
    ]
    self.parts = parts.compactMap { part in part.value.map { Part(name: part.name, value: $0) } }
  }

  /// A digest of all of it, whichever kernels compute: what a checkpoint compares.
  func contentDigest() throws -> String { try Self.digest(of: parts) }

  /// A digest of all of it and of the kernels that compute: what a file is named by.
  func digest(kernels: EngineIdentity) throws -> String {
    try Self.digest(of: parts + [Part(name: "kernels", value: kernels.summary)])
  }

  /// The type of what is kept.
  var type: TensorType { content == .inputs && modality == .visual ? .u8 : .f32 }

  /// What a file says of itself.
  var metadata: [String: String] {
    Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.value) })
  }

  /// Lengths stand before the texts: no two lists of parts have the same bytes.
  private static func digest(of parts: [Part]) throws -> String {
    try SHA256.digest(
      of: parts.flatMap { [$0.name, $0.value] }.flatMap { Array("\($0.utf8.count):\($0)".utf8) })
  }
}
