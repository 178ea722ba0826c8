import Nets

/// A part of a checkpoint's file: what one rank writes and digests at a time.
struct CheckpointPiece: Equatable, Sendable {
  /// Bytes of a piece; a file's last one has what is left. Parallel file systems keep such parts on
  /// different servers, and no two clients write to one page.
  static let byteCount = 16 << 20

  /// Pieces of a file.
  static func count(ofBytes bytes: Int, pieceBytes: Int = byteCount) -> Int {
    bytes > 0 ? (bytes - 1) / pieceBytes + 1 : 0
  }

  /// Which of the image's files.
  var file: Int
  /// The bytes of the file.
  var range: Range<Int>
}

/// The files of a checkpoint before they are written. All ranks have the same content of most, so that each can
/// write a part.
struct CheckpointImage {
  /// A file's name and content.
  let files: [(name: String, image: SafetensorsImage)]
  /// All of it, in order.
  let pieces: [CheckpointPiece]
  /// The ranks that write the last files, one each, because they alone have the content.
  private let writers: [Int]
  /// How many pieces are those of files that all ranks have.
  private let sharedPieces: Int

  /// - Parameters:
  ///   - files: what all ranks have.
  ///   - owned: what only the rank beside it has; the others know its size.
  init(
    files shared: [(name: String, image: SafetensorsImage)],
    owned: [(writer: Int, name: String, image: SafetensorsImage)] = []
  ) {
    files = shared + owned.map { ($0.name, $0.image) }
    writers = owned.map(\.writer)
    pieces = files.enumerated().flatMap { index, file in
      stride(from: 0, to: file.image.byteCount, by: CheckpointPiece.byteCount).map {
        CheckpointPiece(
          file: index,
          range: $0..<min($0 + CheckpointPiece.byteCount, file.image.byteCount))
      }
    }
    sharedPieces = pieces.count { $0.file < shared.count }
  }

  /// Names and sizes of the files.
  var sizes: [CheckpointFileSize] {
    files.map { CheckpointFileSize(name: $0.name, bytes: $0.image.byteCount) }
  }

  /// The pieces that a rank writes: neighbours, since a tensor that two ranks have a part of is made twice; and all of
  /// the files that it alone has.
  func share(of rank: Int, worldSize: Int) -> [CheckpointPiece] {
    places(of: rank, worldSize: worldSize).map { pieces[$0] }
  }

  /// What ranks say of their pieces, one rank's after the other's, in the order of the pieces.
  func inOrder<Word>(_ words: [Word], worldSize: Int) -> [Word] {
    let places = (0..<worldSize).flatMap { self.places(of: $0, worldSize: worldSize) }
    return zip(places, words).sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func places(of rank: Int, worldSize: Int) -> [Int] {
    let bounds = [rank, rank + 1].map { $0 * sharedPieces / worldSize }
    let firstOwned = files.count - writers.count
    return Array(bounds[0]..<bounds[1])
      + (sharedPieces..<pieces.count).filter { writers[pieces[$0].file - firstOwned] == rank }
  }

  /// Copies a rank's share to memory, one piece behind the other.
  ///
  /// The pieces of a file are neighbours, there as well: copied at once, few tensors are cut.
  ///
  /// - Throws: `NetsError.kernel` where a layout cannot be converted.
  func copy(_ share: [CheckpointPiece], into memory: UnsafeMutableRawBufferPointer) throws {
    var start = 0
    for (index, file) in files.enumerated() {
      let own = share.filter { $0.file == index }
      guard let first = own.first, let last = own.last else { continue }
      let range = first.range.lowerBound..<last.range.upperBound
      let end = start + range.count
      try file.image.copy(
        range, into: UnsafeMutableRawBufferPointer(rebasing: memory[start..<end]))
      // Pieces begin where elements of any type may.
      start = SnapshotMemory.aligned(end)
    }
  }
}

/// A file of a checkpoint before there is anything in it.
struct CheckpointFileSize: Equatable, Sendable {
  var name: String
  var bytes: Int
}

extension [CheckpointFileSize] {
  /// Bytes of all of them.
  var totalBytes: Int { reduce(0) { $0 + $1.bytes } }
}

/// Where a rank keeps its part of a checkpoint while it is written: the same memory each time, since the
/// system takes longer to hand out new pages than the copy takes.
///
/// Sendable because its user lets one thread at a time have it.
final class SnapshotMemory: @unchecked Sendable {
  private(set) var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { bytes.deallocate() }

  /// The next place where elements of any type may begin.
  static func aligned(_ count: Int) -> Int { (count + 63) / 64 * 64 }

  /// Makes room for pieces.
  func reserve(_ share: [CheckpointPiece]) {
    let count = share.reduce(0) { Self.aligned($0 + $1.range.count) }
    guard count > bytes.count else { return }
    bytes.deallocate()
    bytes = .allocate(byteCount: count, alignment: 64)
  }

  /// The bytes of each piece, as `CheckpointImage.copy` has placed them.
  func parts(_ share: [CheckpointPiece]) -> [UnsafeRawBufferPointer] {
    var start = 0
    return share.map { piece in
      defer { start = Self.aligned(start + piece.range.count) }
      return UnsafeRawBufferPointer(rebasing: bytes[start..<start + piece.range.count])
    }
  }
}
