extension FaceManifest {
  /// Gives `body` the bytes that training depends on, piece by piece: paths, boxes, eyes and labels of the
  /// rows in their order, and how they are cut into shards.
  ///
  /// Where the list and its images lie is not among them, nor are the lines.
  public func forEachDecidingPiece(
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    let layout = records.layout
    try records.bytes.withUnsafeBytes { bytes in
      for column in [
        layout.pathEnds, layout.paths, layout.boxes, layout.eyes, layout.affects,
        layout.expressions,
      ] {
        try body(UnsafeRawBufferPointer(rebasing: bytes[column]))
      }
    }
    for shard in shards ?? [] {
      try withUnsafeBytes(of: UInt64(shard.sampleCount).littleEndian) { try body($0) }
    }
  }
}
