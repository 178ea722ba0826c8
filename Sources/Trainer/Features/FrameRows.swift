import Datasets
import Media
import Nets

/// What makes rows of frames, several at a time.
package protocol FrameRows: AnyObject {
  /// Elements of a row.
  var width: Int { get }
  /// The type of an element.
  var type: TensorType { get }
  /// Frames of a pass.
  var batch: Int { get }

  /// Gives a frame of a table what the last pass has made for a place.
  func copyRow(of place: Int, to table: inout FeatureTable, frame: Int)
}

/// What makes rows of the faces of films.
package protocol FaceRows: FrameRows {
  /// Puts a face of an image into a place of the next pass.
  func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int)
  /// Makes rows of the faces that were set.
  func run() throws
}

/// What makes rows of moments of a sound.
package protocol SoundRows: FrameRows {
  /// Samples that a pass reaches back from the start of its first frame.
  var samplesBefore: Int { get }
  /// Samples of a pass of `batch` frames.
  var samplesOfPass: Int { get }
  /// Rows behind a recording's last frame that its own sound reaches into.
  var rowsBehind: Int { get }

  /// Makes rows of consecutive frames.
  ///
  /// - Parameter samples: `[samplesOfPass]`, from `samplesBefore` ahead of the first frame's start.
  func run(_ samples: UnsafeBufferPointer<Float>) throws
}
