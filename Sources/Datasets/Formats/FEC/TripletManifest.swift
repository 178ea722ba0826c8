/// Which expressions the three faces of a triplet show.
///
/// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
///   CVPR 2019.
public enum TripletType: String, Sendable, CaseIterable {
  /// All the same.
  case oneClass = "ONE_CLASS_TRIPLET"
  /// Two the same.
  case twoClasses = "TWO_CLASS_TRIPLET"
  /// All different.
  case threeClasses = "THREE_CLASS_TRIPLET"
}

/// Three faces, and which of them looks least like the others.
public struct Triplet: Equatable, Sendable {
  /// The faces, as indices into the manifest's.
  public var faces: SIMD3<Int32>
  /// The place of the odd one among the three: 0, 1 or 2.
  public var oddOneOut: Int
  /// How different the expressions were meant to be.
  public var type: TripletType
  /// The line of the list, counted from 1.
  public var line: Int

  /// A triplet with every field given.
  public init(faces: SIMD3<Int32>, oddOneOut: Int, type: TripletType, line: Int) {
    self.faces = faces
    self.oddOneOut = oddOneOut
    self.type = type
    self.line = line
  }
}

/// A list of triplets, with each face once, however many triplets it is part of.
public struct TripletManifest: Sendable {
  /// A face in an image.
  public struct Face: Hashable, Sendable {
    /// The image, as an index into `imagePaths`.
    public var image: Int32
    /// The face in it.
    public var box: FractionalBox

    /// A face in an image.
    public init(image: Int32, box: FractionalBox) {
      self.image = image
      self.box = box
    }
  }

  /// Images that the list names and the disk has not.
  public struct MissingImages: Equatable, Sendable {
    /// How many addresses lead to no file.
    public var addresses = 0
    /// How many triplets are left out because of them.
    public var triplets = 0
    /// The first few addresses.
    public var examples: [String] = []
  }

  /// The file that the triplets come from; messages name it.
  public var path: String
  /// The folder that image paths are relative to, unless they are absolute.
  public var root: String
  /// Each image once, in the order in which the list names them.
  public var imagePaths: [String] = []
  /// Each face once, in the order in which the list names them.
  public var faces: [Face] = []
  /// The usable rows, in the order of the list.
  public var triplets: [Triplet] = []
  /// The rows that were left out because something is wrong with them.
  public var problems: [RowProblem] = []
  /// Rows whose annotators disagree.
  public var disagreeing = 0
  /// What is not there to be loaded.
  public var missing = MissingImages()

  /// An empty manifest.
  public init(path: String, root: String) {
    self.path = path
    self.root = root
  }

  /// Where the image of a face is.
  public func path(of face: Face) -> String {
    let path = imagePaths[Int(face.image)]
    return path.hasPrefix("/") ? path : "\(root)/\(path)"
  }
}
