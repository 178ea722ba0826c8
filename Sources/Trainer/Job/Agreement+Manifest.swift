import Datasets

extension Agreement {
  /// Reads a list on rank 0 and gives every rank what it says. Collective.
  ///
  /// However many ranks there are, one of them opens the list. Each rank has the packed list in memory
  /// once, and no more than that while it travels.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `read` threw.
  func manifestOfRankZero(_ read: () throws -> FaceManifest) throws -> FaceManifest {
    var bytes: [UInt8] = []
    // The manifest goes before its bytes travel: sending bytes that it shares would copy them.
    try onRankZero { bytes = try read().packed }
    try communicator.broadcast(&bytes, from: 0)
    return try together { try FaceManifest(packed: bytes, file: "the list sent by rank 0") }
  }
}
