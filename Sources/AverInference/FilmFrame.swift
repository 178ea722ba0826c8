import Media
import Trainer

/// A frame of a film that has a face, as long as it is shown to an observer.
public struct FilmFrame {
  /// The frame, counted from 0.
  public let frame: Int
  /// Where the face is, in pixels of the picture.
  public let region: FaceRegion
  /// The picture, until the observer returns.
  package let pixels: PixelBuffer

  /// A copy of the picture.
  public var picture: Picture { Picture(pixels) }
}

/// Hears of the frames of a film that have a face, in order, while the model is predicting them: it must not ask
/// the model.
public typealias FrameObserver = (FilmFrame) -> Void

extension FilmWork {
  static func observer(_ observe: FrameObserver?) -> FaceObserver? {
    observe.map { observe in
      { observe(FilmFrame(frame: $0, region: $1.region, pixels: $2)) }
    }
  }
}
