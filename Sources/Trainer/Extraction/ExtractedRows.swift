import Media
import Nets

/// What one row of features is of.
struct RowOrigin: Equatable, Sendable {
  /// The image, as a row of its list; nil for what has frames.
  var image: Int?
  /// The frame, counted from the start of its film or sound; nil for an image.
  var frame: Int?
  /// Which of the faces that were found in the image, best first; nil where none was looked for.
  var face: Int?
  /// Where the face was found, in pixels of the picture; nil where none was looked for.
  var region: FaceRegion?
}

/// Some rows of an extraction.
struct ExtractedRows {
  /// Features of a row.
  let width: Int
  /// `[rows, width]`
  private(set) var features: [Float] = []
  /// What each row is of.
  private(set) var origins: [RowOrigin] = []

  /// No rows yet.
  init(width: Int) { self.width = width }

  /// Adds a row.
  mutating func append(_ row: some Collection<Float>, of origin: RowOrigin) {
    precondition(row.count == width)
    features += row
    origins.append(origin)
  }

  /// Adds rows behind those that there are.
  mutating func append(_ others: ExtractedRows) {
    precondition(others.width == width)
    features += others.features
    origins += others.origins
  }

  /// Gives all rows away.
  mutating func takeAll() -> ExtractedRows {
    defer { self = ExtractedRows(width: width) }
    return self
  }

  /// Whether every feature is a number.
  var isFinite: Bool { features.allSatisfy(\.isFinite) }
}

extension ExtractedRows {
  private static let names = (
    features: "features", images: "images", frames: "frames", faces: "faces", regions: "regions"
  )
  /// Stands for what an origin does not have.
  private static let none = -1

  /// Writes the rows to a file of a folder.
  ///
  /// - Throws: `TrainerError.system`.
  func write(to file: String, in folder: SharedFolder, metadata: [String: String] = [:]) throws {
    let count = origins.count
    func integers(_ name: String, _ value: (RowOrigin) -> Int?) throws -> Tensor {
      try Tensor(name: name, shape: [count], integers: origins.map { value($0) ?? Self.none })
    }
    let regions = origins.flatMap { origin in
      origin.region.map { [$0.x, $0.y, $0.width, $0.height] } ?? Array(repeating: .nan, count: 4)
    }
    let tensors = [
      try Tensor(name: Self.names.features, shape: [count, width], floats: features),
      try integers(Self.names.images) { $0.image },
      try integers(Self.names.frames) { $0.frame },
      try integers(Self.names.faces) { $0.face },
      try Tensor(name: Self.names.regions, shape: [count, 4], floats: regions),
    ]
    try folder.write(tensors, metadata: metadata, to: file)
  }

  /// Reads what `write` wrote.
  ///
  /// - Throws: `WeightsError`, `TrainerError.featuresBroken` where it is not what was written.
  init(file: String, width: Int) throws {
    let reader = try SafetensorsReader(path: file)
    let tensors = try [
      Self.names.features, Self.names.images, Self.names.frames, Self.names.faces,
      Self.names.regions,
    ].map(reader.tensor)
    try SharedFolder.requireContent(tensors, of: reader)
    let count = tensors[1].elementCount
    guard tensors[0].shape == [count, width], tensors[4].shape == [count, 4],
      tensors[2].elementCount == count, tensors[3].elementCount == count
    else {
      throw TrainerError.featuresBroken(file: file, reason: "is no part of this extraction")
    }
    self.init(width: width)
    features = tensors[0].floats()
    let numbers = try tensors[1...3].map { try $0.integers().map { $0 < 0 ? nil : $0 } }
    let regions = tensors[4].floats()
    origins = (0..<count).map { row in
      let place = regions[(4 * row)..<(4 * row + 4)].map { $0 }
      return RowOrigin(
        image: numbers[0][row], frame: numbers[1][row], face: numbers[2][row],
        region: place[0].isNaN
          ? nil : FaceRegion(x: place[0], y: place[1], width: place[2], height: place[3]))
    }
  }
}
