import Digests
import Foundation
import Media

/// What one image, sound or film turned out to be.
struct MediaFacts: Sendable {
  /// The first half of its content's SHA-256: two different ones among ten million agree with a
  /// probability of 1e-25.
  var digest: SIMD2<UInt64>
  /// Pixels of an image or a film.
  var size: ImageSize?
  /// Length of a sound or a film.
  var seconds: Double?
}

/// Reads and decodes media for one thread, as training would.
///
/// Files of more than 64 GiB and recordings of more than a day are refused, so that the time is bounded.
/// Memory is that of one file of images (256 MiB at most) and its pixels, or of a block of sound or a
/// few frames of a film.
final class MediaProbe {
  private static let largestFile = 64 << 30
  private static let longestSeconds = VideoLimits().maximumSeconds

  private let images: ImageDecoder
  private let pixels = PixelBuffer()
  private let sounds = AudioReader()
  private let sha256: SHA256
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  /// Utterances of one recording follow each other.
  private var lastDigest: (path: String, digest: SIMD2<UInt64>)?
  private var reader: (shards: OpenShards, reader: ShardReader)?

  /// - Throws: `MediaError`, `DigestError` when a library cannot start.
  init() throws {
    images = try ImageDecoder()
    sha256 = try SHA256()
  }

  /// Decodes all of an item.
  ///
  /// - Throws: whatever keeps the item from being used.
  func facts(of item: MediaItem, in shards: OpenShards?) throws -> MediaFacts {
    switch item.kind {
    case .image: try image(item, shards)
    case .sound: try sound(item)
    case .film: try film(item)
    }
  }

  /// Looks whether a file is there and has content, without reading it.
  static func look(at item: MediaItem) throws {
    // Opening a list of shards has compared their sizes.
    if item.shardSample != nil { return }
    if try InputFile(item.path).byteCount == 0 { throw MediaError.empty(file: item.path) }
  }

  // MARK: - Kinds

  private func image(_ item: MediaItem, _ shards: OpenShards?) throws -> MediaFacts {
    guard let shards, let sample = item.shardSample else {
      let bytes = try InputFile.bytes(ofImage: item.path)
      return try bytes.withUnsafeBytes { try image(item, $0) }
    }
    return try image(item, reader(of: shards).bytes(of: sample))
  }

  private func image(_ item: MediaItem, _ bytes: UnsafeRawBufferPointer) throws -> MediaFacts {
    let size = try images.open(bytes: bytes, name: item.path)
    try images.decode(into: pixels, keepsGrey: true)
    guard CropBox(clamping: item.box, to: size) != nil else {
      throw MediaMismatch(
        path: item.path,
        reason: "the face lies outside the image of \(size.width)x\(size.height) pixels")
    }
    if let eyes = item.eyes { try check(eyes, item, size) }
    try sha256.restart()
    try sha256.update(bytes)
    return MediaFacts(digest: try finishDigest(), size: size)
  }

  private func sound(_ item: MediaItem) throws -> MediaFacts {
    try requireReasonable(item.path)
    try sounds.open(item.path)
    let range = item.seconds ?? 0..<Double.infinity
    var samples = 0
    try sounds.read(seconds: range) {
      samples += $0.count
      if Double(samples) > Self.longestSeconds * Double(sounds.rate) {
        throw MediaError.soundTooLong(file: item.path, limitSeconds: Self.longestSeconds)
      }
    }
    let seconds = Double(samples) / Double(sounds.rate)
    guard samples > 0 else {
      throw MediaMismatch(
        path: item.path,
        reason: range.lowerBound > 0
          ? "ends before the utterance begins at \(range.lowerBound) s" : "holds no sound")
    }
    try check(range.lowerBound + seconds, item)
    return MediaFacts(digest: try digest(ofFile: item.path), seconds: seconds)
  }

  private func film(_ item: MediaItem) throws -> MediaFacts {
    try requireReasonable(item.path)
    let film = try VideoReader(item.path)
    var last = 0.0
    while let seconds = try film.next() { last = seconds }
    let rate = film.information.averageRate
    let seconds = last + (rate > 0 ? 1 / rate : 0)
    try check(seconds, item)
    return MediaFacts(
      digest: try digest(ofFile: item.path), size: film.information.size, seconds: seconds)
  }

  private func requireReasonable(_ path: String) throws {
    let bytes = try InputFile(path).byteCount
    if bytes > Self.largestFile {
      throw MediaError.tooManyBytes(file: path, bytes: bytes, limit: Self.largestFile)
    }
  }

  /// Refuses eyes that an image does not show: training would align by them.
  private func check(_ eyes: EyeCenters, _ item: MediaItem, _ size: ImageSize) throws {
    for (name, eye) in [("left", eyes.left), ("right", eyes.right)] {
      guard (0...Float(size.width)).contains(eye.x), (0...Float(size.height)).contains(eye.y)
      else {
        throw MediaMismatch(
          path: item.path,
          reason: "the \(name) eye, at (\(eye.x), \(eye.y)), lies outside the image of "
            + "\(size.width)x\(size.height) pixels")
      }
    }
  }

  /// Refuses what is shorter than its annotations; a frame of ratings is allowed for rounding.
  private func check(_ seconds: Double, _ item: MediaItem) throws {
    guard seconds + Recording.framePeriodSeconds >= item.neededSeconds else {
      throw MediaMismatch(
        path: item.path,
        reason: "has \(Self.text(seconds)) s where its annotations go on to "
          + "\(Self.text(item.neededSeconds)) s")
    }
  }

  private static func text(_ seconds: Double) -> String { String(format: "%.2f", seconds) }

  // MARK: - Content

  private func reader(of shards: OpenShards) -> ShardReader {
    if let reader, reader.shards === shards { return reader.reader }
    let fresh = ShardReader(shards)
    reader = (shards, fresh)
    return fresh
  }

  private func digest(ofFile path: String) throws -> SIMD2<UInt64> {
    if let lastDigest, lastDigest.path == path { return lastDigest.digest }
    let file = try InputFile(path)
    try sha256.restart()
    while case let count = try file.read(into: &chunk), count > 0 {
      try chunk.withUnsafeBytes {
        try sha256.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
    }
    let digest = try finishDigest()
    lastDigest = (path, digest)
    return digest
  }

  private func finishDigest() throws -> SIMD2<UInt64> {
    let bytes = try sha256.finishBytes()
    func word(_ range: Range<Int>) -> UInt64 {
      bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
    return SIMD2(word(0..<8), word(8..<16))
  }
}

/// A file that can be decoded and is not what its list says.
private struct MediaMismatch: Error, CustomStringConvertible {
  var path: String
  var reason: String
  var description: String { "\(path): \(reason)" }
}
