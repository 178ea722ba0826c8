/// SplitMix64: the same mutations for the same printed seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// `bytes` with one to eight of them changed, most often in the header, and sometimes an end cut off.
  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var mutated = bytes
    let reach = Bool.random(using: &self) ? min(64, bytes.count) : bytes.count
    for _ in 0..<Int.random(in: 1...8, using: &self) {
      mutated[Int.random(in: 0..<reach, using: &self)] = UInt8.random(in: 0...255, using: &self)
    }
    if Int.random(in: 0..<8, using: &self) == 0 {
      mutated.removeLast(Int.random(in: 0..<bytes.count, using: &self))
    }
    return mutated
  }
}

/// The checksum of PNG's chunks, most significant byte first.
func crc32(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  var crc = UInt32.max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return stride(from: 24, through: 0, by: -8).map {
    UInt8(truncatingIfNeeded: ~crc >> UInt32($0))
  }
}
