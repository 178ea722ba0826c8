import Nets

/// A row for each frame of a recording, where there is one: features, or what a network reads.
///
/// Memory is that of the rows: frames without one cost a byte.
package struct FeatureTable: Equatable, Sendable {
  /// Elements of a row.
  package let width: Int
  /// The type of an element: float32 or a byte.
  package let type: TensorType
  /// Whether each frame has a row, 1 or 0: there may be no face in it.
  private(set) var presence: [UInt8]
  /// Rows of `pieceFrames` frames each, by what number of piece they are; those without any are left out.
  private var pieces: [Int: [UInt8]] = [:]

  private static let pieceFrames = 256

  /// A table without any row yet.
  init(frames: Int, width: Int, type: TensorType = .f32) {
    self.width = width
    self.type = type
    presence = Array(repeating: 0, count: frames)
  }

  /// Bytes of a row.
  private var rowBytes: Int { width * type.byteCount }

  /// Takes the row of a frame.
  mutating func set(_ row: UnsafeRawBufferPointer, frame: Int) { set([row], frame: frame) }

  /// Takes the row of a frame, whose parts stand beside each other.
  mutating func set(_ parts: [UnsafeRawBufferPointer], frame: Int) {
    let count = rowBytes
    precondition(parts.reduce(0) { $0 + $1.count } == count)
    pieces[
      frame / Self.pieceFrames, default: Array(repeating: 0, count: Self.pieceFrames * count)
    ].withUnsafeMutableBytes { bytes in
      var start = frame % Self.pieceFrames * count
      for part in parts {
        UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + part.count)])
          .copyMemory(from: part)
        start += part.count
      }
    }
    presence[frame] = 1
  }

  /// Forgets the rows in front of a frame, but for a few: they read as those of frames that have none.
  mutating func forget(before frame: Int) {
    for piece in pieces.keys where (piece + 1) * Self.pieceFrames <= frame {
      pieces[piece] = nil
      let frames = (piece * Self.pieceFrames)..<((piece + 1) * Self.pieceFrames)
      presence.replaceSubrange(frames, with: repeatElement(0, count: frames.count))
    }
  }

  /// Frames of the recording.
  package var frameCount: Int { presence.count }

  /// Frames that have a row.
  package var presentCount: Int { presence.count { $0 != 0 } }

  /// The elements of all rows, `[frames, width]`; zeros where a frame has none.
  var bytes: [UInt8] {
    Array(unsafeUninitializedCapacity: frameCount * rowBytes) { output, filled in
      read(0..<frameCount, elements: width, into: UnsafeMutableRawBufferPointer(output))
      filled = frameCount * rowBytes
    }
  }

  /// The row of a frame; nil where it has none. Of a table of float32.
  package func row(_ frame: Int) -> [Float]? {
    guard presence[frame] != 0 else { return nil }
    precondition(type == .f32)
    return Array(unsafeUninitializedCapacity: width) { output, filled in
      read(frame..<frame + 1, elements: width, into: UnsafeMutableRawBufferPointer(output))
      filled = width
    }
  }

  /// Reads the first elements of the rows of some frames; zeros where a frame has none.
  ///
  /// - Shapes: `output` is `[frames.count, elements]`, of the type of an element.
  func read(_ frames: Range<Int>, elements: Int, into output: UnsafeMutableRawBufferPointer) {
    let wanted = elements * type.byteCount
    for (place, frame) in frames.enumerated() {
      let target = UnsafeMutableRawBufferPointer(
        rebasing: output[(place * wanted)..<((place + 1) * wanted)])
      guard let piece = pieces[frame / Self.pieceFrames] else {
        target.initializeMemory(as: UInt8.self, repeating: 0)
        continue
      }
      let start = frame % Self.pieceFrames * rowBytes
      target.copyBytes(from: piece[start..<(start + wanted)])
    }
  }
}

/// A table whose rows are read in memory.
final class KeptTable: FrameSource {
  private let table: FeatureTable
  let width: Int
  let presence: [Bool]

  /// - Parameter columns: how many of a row's elements count, from its first; nil for all.
  init(_ table: FeatureTable, columns: Int? = nil) {
    self.table = table
    width = columns ?? table.width
    presence = table.presence.map { $0 != 0 }
  }

  func read(_ frames: Range<Int>, into output: UnsafeMutableRawBufferPointer) {
    table.read(frames, elements: width, into: output)
  }
}
