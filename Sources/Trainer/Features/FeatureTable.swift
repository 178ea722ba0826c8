import Nets

/// A row for each frame of a recording, where there is one: features, or what a network reads.
struct FeatureTable: Equatable, Sendable {
  /// Elements of a row.
  let width: Int
  /// The type of an element: float32 or a byte.
  let type: TensorType
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
  mutating func set(_ row: UnsafeRawBufferPointer, frame: Int) {
    let count = width * type.byteCount
    precondition(row.count == count)
    bytes.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[(frame * count)..<((frame + 1) * count)])
        .copyMemory(from: row)
    }
    presence[frame] = 1
  }

  /// Frames that have a row.
  var presentCount: Int { presence.count { $0 != 0 } }
}
