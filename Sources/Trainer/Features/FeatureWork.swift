/// The extraction of one recording's features, done in pieces: a stop can be asked for in between.
package protocol FeatureWork: AnyObject {
  /// What there is so far; all of it once `advance` has returned false.
  var table: FeatureTable { get }
  /// Frames that have been gone through, of all passes.
  var framesDone: Int { get }
  /// Frames of all passes.
  var framesInAll: Int { get }

  /// Frames from the first on whose rows are there, as far as they have one.
  var framesWithRows: Int { get }

  /// Lets go of most rows in front of a frame, which nobody asks for any more.
  func forget(before frame: Int)
  /// Does the next piece: as many frames as the extractor takes at once.
  ///
  /// - Returns: whether there is more to do.
  /// - Throws: what is wrong with the film, the sound or the list of faces, naming it.
  func advance() throws -> Bool
}

extension FeatureWork {
  /// How much is done, 0 to 1.
  package var progress: Double { Double(framesDone) / Double(max(1, framesInAll)) }
}

/// What extraction finds wrong with a recording.
enum FeatureProblem: Error, CustomStringConvertible {
  /// No frame of the film has a face.
  case noFace(film: String, frames: Int, faces: String)
  /// The film or the sound ends long before the annotations.
  case tooShort(file: String, seconds: Double, needed: Double)

  var description: String {
    switch self {
    case .noFace(let film, let frames, let faces):
      "\(film): no face in any of \(frames) frames (\(faces)); name lists of faces by faces.tracks, or "
        + "look for smaller ones with faces.minimum_pixels and faces.threshold"
    case .tooShort(let file, let seconds, let needed):
      "\(file): ends after \(Self.text(seconds)) s, its annotations after \(Self.text(needed)) s"
    }
  }

  private static func text(_ seconds: Double) -> String {
    "\((seconds * 100).rounded() / 100)"
  }
}
