import Digests
import Nets

/// Everything that decides the features of a recording, by name: the file that keeps them is named by
/// its digest, so that nothing stale is ever found.
struct FeatureKey: Codable, Equatable, Sendable {
  /// Rises whenever the same film, sound and weights give other features than before.
  static let revision = 1

  /// Which of the recording's media the features are of.
  let modality: Modality
  /// What decides, in the order of the digest.
  private let parts: [Part]

  private struct Part: Codable, Equatable {
    var name: String
    var value: String
  }

  /// - Parameters:
  ///   - frames: of the recording.
  ///   - extractor: the network and how its input is made.
  ///   - weights: the digest of the weights file.
  ///   - media: the digest of the film or the sound.
  ///   - faces: the digest of the list of faces, or how they are found; nil for sound.
  init(
    modality: Modality, frames: Range<Int>, extractor: String, weights: String, media: String,
    faces: String?
  ) {
    self.modality = modality
    let parts = [
      ("revision", "\(Self.revision)"), ("modality", modality.rawValue),
      ("frames", "\(frames.lowerBound)..<\(frames.upperBound)"), ("extractor", extractor),
      ("weights", weights), ("media", media),
    ]
    self.parts = (parts + (faces.map { [("faces", $0)] } ?? [])).map(Part.init)
  }

  /// A digest of all of it, whichever kernels compute: what a checkpoint compares.
  func contentDigest() throws -> String { try Self.digest(of: parts) }

  /// A digest of all of it and of the kernels that compute: what a file is named by.
  func digest(kernels: EngineIdentity) throws -> String {
    try Self.digest(of: parts + [Part(name: "kernels", value: kernels.summary)])
  }

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
