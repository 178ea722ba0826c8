/// Triplets as training takes them: the faces as a list of faces, and which of them belong together.
///
/// Rank 0 makes them of a `TripletManifest` and the others take them over as they are: `packed`.
public struct FaceTriplets: Sendable {
  /// Each face once; its line is that of the first triplet that it is part of.
  public let faces: FaceManifest
  /// The triplets, in the order of their list.
  public let triplets: [Triplet]

  /// Of each triplet, numbers of 4 bytes: its three faces, the odd one's place, its type and its line.
  private static let tripletWords = 6

  /// The triplets of a manifest.
  public init(_ manifest: TripletManifest) {
    var lines = [Int](repeating: 0, count: manifest.faces.count)
    for triplet in manifest.triplets.reversed() {
      for place in 0..<3 { lines[Int(triplet.faces[place])] = triplet.line }
    }
    let records = zip(manifest.faces, lines).lazy.map { face, line in
      FaceRecord(
        imagePath: manifest.imagePaths[Int(face.image)], faceBox: nil, fractionalBox: face.box,
        expression: nil, valence: nil, arousal: nil, line: line)
    }
    faces = FaceManifest(
      path: manifest.path, root: manifest.root, records: records, problems: manifest.problems)
    triplets = manifest.triplets
  }

  /// Everything as bytes, for other ranks.
  public var packed: [UInt8] {
    let words = triplets.flatMap { triplet in
      [
        triplet.faces.x, triplet.faces.y, triplet.faces.z, Int32(triplet.oddOneOut),
        Int32(TripletType.allCases.firstIndex(of: triplet.type) ?? 0),
        Int32(clamping: triplet.line),
      ]
    }
    var bytes = faces.packed
    words.withUnsafeBytes { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt64(triplets.count).littleEndian) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Takes over what `packed` gave; the bytes are checked, not believed.
  ///
  /// - Parameter file: the name for the error.
  /// - Throws: `DatasetError.packedList`.
  public init(packed bytes: [UInt8], file: String) throws {
    let wordBytes = MemoryLayout<Int32>.size * Self.tripletWords
    let tail = bytes.suffix(8)
    let count = tail.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard tail.count == 8, count <= UInt64((bytes.count - 8) / wordBytes) else {
      throw DatasetError.packedList(file: file, reason: "has no triplets")
    }
    let start = bytes.count - 8 - Int(count) * wordBytes
    faces = try FaceManifest(packed: Array(bytes[..<start]), file: file)
    triplets = try bytes.withUnsafeBytes { buffer in
      try (0..<Int(count)).map { index in
        let words = (0..<Self.tripletWords).map {
          buffer.loadUnaligned(
            fromByteOffset: start + index * wordBytes + 4 * $0, as: Int32.self)
        }
        guard let triplet = Triplet(words: words) else {
          throw DatasetError.packedList(file: file, reason: "triplet \(index) is impossible")
        }
        return triplet
      }
    }
    let faceCount = Int32(clamping: faces.records.count)
    guard triplets.allSatisfy({ $0.faces.max() < faceCount && $0.faces.min() >= 0 }) else {
      throw DatasetError.packedList(file: file, reason: "a triplet has a face that is not listed")
    }
  }

  /// Gives `body` the bytes that training depends on, piece by piece.
  public func forEachDecidingPiece(
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    try faces.forEachDecidingPiece(body)
    for triplet in triplets {
      let odd = Int32(triplet.oddOneOut)
      let isOneClass: Int32 = triplet.type == .oneClass ? 1 : 0
      try withUnsafeBytes(of: SIMD4(triplet.faces, odd)) { try body($0) }
      try withUnsafeBytes(of: isOneClass) { try body($0) }
    }
  }
}

extension Triplet {
  fileprivate init?(words: [Int32]) {
    let types = TripletType.allCases
    guard (0..<3).contains(words[3]), types.indices.contains(Int(words[4])) else { return nil }
    self.init(
      faces: SIMD3(words[0], words[1], words[2]), oddOneOut: Int(words[3]),
      type: types[Int(words[4])], line: Int(words[5]))
  }

  /// The faces with the odd one last.
  public var facesOddLast: SIMD3<Int32> {
    switch oddOneOut {
    case 0: SIMD3(faces.y, faces.z, faces.x)
    case 1: SIMD3(faces.x, faces.z, faces.y)
    default: faces
    }
  }

  /// By how much the odd one has to be farther away, in squared distance of embeddings of length 1.
  ///
  /// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
  ///   CVPR 2019: less where all three show the same expression.
  public var margin: Float { type == .oneClass ? 0.1 : 0.2 }
}
