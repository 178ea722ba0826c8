/// A vector of features for each frame of a recording, where there is one.
struct FeatureTable: Equatable, Sendable {
  /// Features of a frame.
  let width: Int
  /// `[frames, width]`; zeros where a frame has none.
  var values: [Float]
  /// Whether each frame has a vector, 1 or 0: there may be no face in it.
  var presence: [UInt8]

  /// A table without any vector yet.
  init(frames: Int, width: Int) {
    self.width = width
    values = Array(repeating: 0, count: frames * width)
    presence = Array(repeating: 0, count: frames)
  }

  /// Takes the vector of a frame.
  mutating func set(_ vector: UnsafeBufferPointer<Float>, frame: Int) {
    precondition(vector.count == width)
    values.withUnsafeMutableBufferPointer {
      _ = UnsafeMutableBufferPointer(rebasing: $0[(frame * width)...]).update(
        fromContentsOf: vector)
    }
    presence[frame] = 1
  }

  /// Frames that have a vector.
  var presentCount: Int { presence.count { $0 != 0 } }
}
