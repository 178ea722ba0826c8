/// The formats that libsndfile reads here, told by how a file starts.
///
/// libsndfile knows some twenty more, from the laboratories of the 1990s: they are left out, since
/// no data set uses them and each is one more parser that a hostile file could reach. MP3 goes to
/// FFmpeg: libsndfile before 1.1 does not read it, and a file must not sound different on another
/// machine.
enum SoundFormat: String {
  case wav = "WAV"
  case bigEndianWAV = "RIFX"
  case wav64 = "RF64"
  case aiff = "AIFF"
  case flac = "FLAC"
  case ogg = "Ogg"
  case au = "AU"
  case caf = "CAF"

  init?(startOf bytes: [UInt8]) {
    let beginnings: [(SoundFormat, String, String)] = [
      (.wav, "RIFF", "WAVE"), (.bigEndianWAV, "RIFX", "WAVE"), (.wav64, "RF64", "WAVE"),
      (.aiff, "FORM", "AIFF"), (.aiff, "FORM", "AIFC"), (.flac, "fLaC", ""), (.ogg, "OggS", ""),
      (.au, ".snd", ""), (.caf, "caff", ""),
    ]
    let found = beginnings.first { _, start, kind in
      bytes.starts(with: start.utf8) && bytes.dropFirst(8).starts(with: kind.utf8)
    }
    guard let found else { return nil }
    self = found.0
  }

  /// Whether libsndfile finds any sample of it without decoding those before.
  var seeksExactly: Bool { self != .ogg }
}

/// Finds out whether a file made of chunks (WAV, AIFF) holds the sound that it claims.
///
/// libsndfile reads what is there and says nothing.
struct ChunkedFile {
  /// More chunks than any writer makes; it bounds the search.
  private static let maximumChunks = 10_000

  let file: RegularFile
  let format: SoundFormat

  /// - Throws: `MediaError.truncatedSound` when the chunk of samples ends behind the file's end.
  func requireWholeSound() throws {
    guard let soundChunk else { return }
    var offset = 12
    for _ in 0..<Self.maximumChunks {
      let start = try file.bytes(at: offset, count: 8)
      guard start.count == 8 else { return }
      let size = number(start.suffix(4))
      if start.starts(with: soundChunk.utf8) {
        return try require(size, offset + 8)
      }
      // Chunks start at even offsets.
      offset += 8 + size + size % 2
    }
    throw MediaError.brokenSound(
      file: file.path, reason: "no sound within \(Self.maximumChunks) chunks")
  }

  private var soundChunk: String? {
    switch format {
    case .wav, .bigEndianWAV: "data"
    case .aiff: "SSND"
    case .wav64, .flac, .ogg, .au, .caf: nil
    }
  }

  private func require(_ claimed: Int, _ offset: Int) throws {
    // Programs that write into a pipe do not know the size; these values stand for that.
    let isUnknown = claimed == 0xFFFF_FFFF || claimed == 0x7FFF_FFFF || claimed == 0
    let present = file.size - offset
    guard isUnknown || claimed <= present else {
      throw MediaError.truncatedSound(
        file: file.path, claimed: "\(claimed) bytes of samples", present: "\(present)")
    }
  }

  private func number(_ bytes: some BidirectionalCollection<UInt8>) -> Int {
    let fromHigh = format == .wav ? Array(bytes.reversed()) : Array(bytes)
    return fromHigh.reduce(0) { $0 << 8 | Int($1) }
  }
}
