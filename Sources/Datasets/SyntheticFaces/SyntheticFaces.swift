import Foundation

/// Draws labelled faces, in the layout of AffectNet's first release: something to train on where the
/// real data cannot be had.
///
/// A face is a pure function of (seed, its number), so that a folder is the same to the byte whichever
/// machine of a kind and however many threads wrote it. Nobody appears in both splits.
public enum SyntheticFaces {
  /// What is drawn.
  public struct Options: Equatable, Sendable {
    /// Faces in both splits together.
    public var faces: Int
    /// Every face, every person and all noise follow from it.
    public var seed: UInt64
    /// Height and width of the pictures, in pixels.
    public var imageSize: Int
    /// The part of the faces that is in the validation split.
    public var validationPart: Double
    /// Threads that draw.
    public var threads: Int

    /// - Parameter threads: one for each core unless given.
    public init(
      faces: Int = 6000, seed: UInt64 = 1, imageSize: Int = 160, validationPart: Double = 0.2,
      threads: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
      self.faces = faces
      self.seed = seed
      self.imageSize = imageSize
      self.validationPart = validationPart
      self.threads = threads
    }

    /// - Throws: `DatasetError.setting` for a value that cannot work.
    public func validate() throws {
      func require(_ holds: Bool, _ name: String, _ reason: String) throws {
        if !holds { throw DatasetError.setting(name: name, reason: reason) }
      }
      try require((40...10_000_000).contains(faces), "faces", "\(faces) is not 40 to 10000000")
      try require((48...1024).contains(imageSize), "image size", "\(imageSize) is not 48 to 1024")
      try require(
        (0.05...0.5).contains(validationPart), "validation part",
        "\(validationPart) is not 0.05 to 0.5")
      try require(threads > 0, "threads", "\(threads) is less than 1")
    }
  }

  /// What was written.
  public struct Summary: Equatable, Sendable {
    /// Faces of the training split.
    public var training: Int
    /// Faces of the validation split.
    public var validation: Int
  }

  /// The file that tells a folder of ours from anybody else's.
  static let marker = ".synthetic-faces"
  static let imageFolder = "images"

  /// Writes `training.csv`, `validation.csv` and the pictures.
  ///
  /// The lists come last: a folder that was interrupted has none.
  ///
  /// - Parameters:
  ///   - folder: made where it does not exist; an earlier corpus in it is replaced.
  ///   - force: writes into a folder that holds something else too, and removes nothing from it.
  /// - Throws: `DatasetError.folderInUse`, `.setting`, `.unwritable`; `MediaError`.
  @discardableResult
  public static func write(
    to folder: String, options: Options = Options(), force: Bool = false
  ) throws -> Summary {
    try options.validate()
    let layout = SyntheticLayout(folder: folder, options: options)
    try layout.prepare(force: force)
    let rows = try SyntheticWriter(layout: layout).writeImages()
    let training = rows[..<layout.trainingCount]
    let validation = rows[layout.trainingCount...]
    try layout.writeList("training.csv", training)
    try layout.writeList("validation.csv", validation)
    return Summary(training: training.count, validation: validation.count)
  }
}
