/// What can go wrong where a picture is drawn or written.
public enum DrawingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be written; `reason` is the operating system's.
  case unwritable(file: String, reason: String)
  /// The file's name ends like no picture that is written.
  case unknownFormat(file: String)
  /// There is no memory for the picture.
  case noMemory
  /// A picture of more pixels than cairo draws on.
  case tooLarge(width: Int, height: Int)
  /// Whatever else cairo says.
  case failed(reason: String)

  /// The message for the user.
  public var description: String {
    switch self {
    case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
    case .unknownFormat(let file): "\(file): is no name of a picture: let it end in .png or .svg"
    case .noMemory: "no memory to draw a picture"
    case .tooLarge(let width, let height): "a picture of \(width)x\(height) is too large to draw"
    case .failed(let reason): "drawing failed: \(reason)"
    }
  }
}
