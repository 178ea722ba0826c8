import Nets

/// A row for each frame of a recording, where there is one: features, or what a network reads.
package struct FeatureTable: Equatable, Sendable {
  /// Elements of a row.
  package let width: Int
  /// The type of an element: float32 or a byte.
  package let type: TensorType
  /// The elements, `[frames, width]`; zeros where a frame has none.
  private(set) var bytes: [UInt8]
  /// Whether each frame has a row, 1 or 0: there may be no face in it.
  private(set) var presence: [UInt8]

  /// A table without any row yet.
  init(frames: Int, width: Int, type: TensorType = .f32) {
    self.width = width
    self.type = type
    bytes = Array(repeating: 0, count: frames * width * type.byteCount)
    presence = Array(repeating: 0, count: frames)
  }

  /// Takes the row of a frame.
  mutating func set(_ row: UnsafeRawBufferPointer, frame: Int) { set([row], frame: frame) }

  /// Takes the row of a frame, whose parts stand beside each other.
  mutating func set(_ parts: [UnsafeRawBufferPointer], frame: Int) {
    let count = width * type.byteCount
    precondition(parts.reduce(0) { $0 + $1.count } == count)
    bytes.withUnsafeMutableBytes { bytes in
      var start = frame * count
      for part in parts {
        UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + part.count)])
          .copyMemory(from: part)
        start += part.count
      }
    }
    presence[frame] = 1
  }

  /// Frames of the recording.
  package var frameCount: Int { presence.count }

  /// Frames that have a row.
  package var presentCount: Int { presence.count { $0 != 0 } }

  /// The row of a frame; nil where it has none. Of a table of float32.
  package func row(_ frame: Int) -> [Float]? {
    guard presence[frame] != 0 else { return nil }
    return floats(frame..<frame + 1)
  }

  /// The rows of some frames, of a table of float32.
  func floats(_ frames: Range<Int>) -> [Float] {
    precondition(type == .f32)
    return bytes.withUnsafeBytes {
      let row = width * type.byteCount
      return $0[(frames.lowerBound * row)..<(frames.upperBound * row)].withMemoryRebound(
        to: Float.self, Array.init)
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
    let (row, wanted) = (table.width * table.type.byteCount, width * table.type.byteCount)
    for (place, frame) in frames.enumerated() {
      UnsafeMutableRawBufferPointer(rebasing: output[(place * wanted)..<((place + 1) * wanted)])
        .copyBytes(from: table.bytes[(frame * row)..<(frame * row + wanted)])
    }
  }
}
