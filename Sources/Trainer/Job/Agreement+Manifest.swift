import Datasets

extension Agreement {
  /// Reads a list on rank 0 and gives every rank what it says. Collective.
  ///
  /// However many ranks there are, one of them opens the list. Each rank has the packed list in memory
  /// once, and no more than that while it travels.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func manifestOfRankZero(_ read: () throws -> FaceManifest) throws -> FaceManifest {
    // The manifest goes before its bytes travel: sending bytes that it shares would copy them.
    let bytes = try bytesOfRankZero { try read().packed }
    return try together { try FaceManifest(packed: bytes, file: "the list sent by rank 0") }
  }

  /// Reads what one file has several lists in on rank 0 and gives every rank all of them. Collective.
  ///
  /// - Parameter count: of the lists, the same on all ranks.
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func manifestsOfRankZero(
    _ count: Int, _ read: () throws -> [FaceManifest]
  ) throws -> [FaceManifest] {
    var lists: [FaceManifest] = []
    try onRankZero { lists = try read() }
    return try (0..<count).map { index in try manifestOfRankZero { lists[index] } }
  }

  /// Reads triplets on rank 0 and gives them to every rank; nil where there are none. Collective.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func tripletsOfRankZero(_ read: () throws -> FaceTriplets?) throws -> FaceTriplets? {
    let bytes = try bytesOfRankZero { try read()?.packed ?? [] }
    guard !bytes.isEmpty else { return nil }
    return try together { try FaceTriplets(packed: bytes, file: "the triplets sent by rank 0") }
  }

  /// Reads a list of utterances on rank 0 and gives every rank what it says. Collective.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func speechOfRankZero(_ read: () throws -> SpeechManifest) throws -> SpeechManifest {
    let bytes = try bytesOfRankZero { try read().packed() }
    return try together { try SpeechManifest(packed: bytes, file: "the list sent by rank 0") }
  }

  /// Gives every rank what rank 0 makes. Collective.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func bytesOfRankZero(_ read: () throws -> [UInt8]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try onRankZero { bytes = try read() }
    try communicator.broadcast(&bytes, from: 0)
    return bytes
  }
}
