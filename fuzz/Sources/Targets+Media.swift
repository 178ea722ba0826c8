import Foundation

@testable import Media

extension FuzzTarget {
  static var image: FuzzTarget {
    let pixels = PixelBuffer()
    return FuzzTarget(
      "image", seeds: fixtures(["jpg", "png", "gif", "webp", "bmp", "tiff"]),
      declares: { $0 is MediaError }
    ) { bytes in
      let decoder = try ImageDecoder()
      try bytes.withUnsafeBytes { bytes in
        let size = try decoder.open(bytes: bytes, name: "image")
        require(
          size.width > 0 && size.height > 0
            && size.width * size.height <= ImageDecoder.maximumPixels, "\(size)")
        // Large ones take their time, and are no different.
        guard size.width * size.height <= 1 << 20 else { return }
        for reduction in DecodingReduction.allCases {
          try decoder.decode(into: pixels, reduction: reduction)
          let count = pixels.width * pixels.height * pixels.channels
          require(pixels.bytes.count == count && count > 0, "\(count) bytes of pixels")
        }
      }
    }
  }

  static var imageHeader: FuzzTarget {
    FuzzTarget(
      "imageheader",
      seeds: fixtures(["jpg", "png", "gif", "webp", "bmp", "tiff"]).map { Array($0.prefix(40)) },
      declares: { $0 is MediaError }
    ) { bytes in
      bytes.withUnsafeBytes { bytes in
        _ = ImageFormat(startOf: bytes)
        for format in ImageFormat.allCases {
          guard let size = ImageHeader(bytes).size(format) else { continue }
          require(size.width >= 0 && size.height >= 0, "\(size)")
          try? size.requireDecodable("image")
        }
      }
    }
  }

  static var sound: FuzzTarget {
    let file = ScratchFile("sound")
    return FuzzTarget(
      "sound", seeds: sounds + fixtures(["ogg", "mp3", "webm", "m4a", "flac"], in: "Audio"),
      declares: { $0 is MediaError }
    ) { bytes in
      file.write(bytes)
      let reader = AudioReader()
      let header = try reader.open(file.path)
      require(AudioHeader.rates.contains(header.rate), "a rate of \(header.rate) Hz")
      let later = Result { try reader.read(seconds: 1..<1.25) }
      require(((try? later.get()) ?? []).count <= 4000, "more than was asked for")
      let samples = try reader.read(seconds: 0..<2)
      require(samples.count <= 32_000, "more than was asked for")
      require(samples.allSatisfy(\.isFinite), "a sample that is no number")
    }
  }

  static var video: FuzzTarget {
    let file = ScratchFile("video")
    return FuzzTarget(
      "video", seeds: fixtures(["mp4", "avi", "mkv", "h264", "ts"]), declares: { $0 is MediaError }
    ) { bytes in
      file.write(bytes)
      let reader = try VideoReader(file.path)
      var last = -Double.infinity
      for _ in 0..<8 {
        guard let time = try reader.next() else { break }
        require(time > last && time.isFinite, "\(time) s after \(last) s")
        require(reader.pixels.width > 0 && reader.pixels.height > 0, "a frame without pixels")
        last = time
      }
      for seconds in [0.1, 0.0, 1e6] {
        guard let time = try reader.frame(at: seconds) else { continue }
        require(time.isFinite, "\(time) s")
      }
    }
  }

  /// Small recordings of each kind that libsndfile reads here.
  private static var sounds: [[UInt8]] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    func wav(_ format: Int, channels: Int, bits: Int, _ data: [UInt8]) -> [UInt8] {
      let bytes = channels * bits / 8
      let description =
        little(format, 2) + little(channels, 2) + little(8000, 4) + little(8000 * bytes, 4)
        + little(bytes, 2) + little(bits, 2)
      let chunks =
        "WAVEfmt ".bytes + little(16, 4) + description + "data".bytes + little(data.count, 4) + data
      return "RIFF".bytes + little(chunks.count, 4) + chunks
    }
    let data = (0..<200).map { UInt8(truncatingIfNeeded: 37 * $0) }
    let au = ".snd".bytes + [24, 200, 1, 8000, 1].flatMap { little($0, 4).reversed() } + data
    return [
      wav(1, channels: 1, bits: 16, data), wav(1, channels: 2, bits: 24, Array(data.prefix(198))),
      wav(3, channels: 1, bits: 32, data), wav(6, channels: 1, bits: 8, data), au,
    ]
  }

  /// The small ones of the files that tests read, where `run` says that they are.
  static func fixtures(_ endings: Set<String>, in folder: String = "") -> [[UInt8]] {
    guard let root = ProcessInfo.processInfo.environment["AVER_FUZZ_FIXTURES"] else { return [] }
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
    return names.sorted().filter { endings.contains(($0 as NSString).pathExtension) }
      .compactMap { files.contents(atPath: "\(root)/\(folder)/\($0)").map { Array($0) } }
      .filter { $0.count < 1 << 14 }
  }
}
