import Media

/// The part of an image that shows a face.
enum FaceArea: Equatable {
  /// A box in pixels of the image.
  case upright(CropBox)
  /// A box that `transform` takes to pixels of the image, of about as many pixels as the part has there.
  case aligned(CropBox, transform: SimilarityTransform)

  /// Beyond it a face has more pixels than any image.
  private static let largestSide = 1 << 20

  /// The face of a record: its box; or the square that an alignment makes of its eyes, or of its box
  /// where the eyes are unknown. Without either it is the whole image.
  ///
  /// - Parameter alignment: nil for the box.
  /// - Returns: nil where the face lies outside the image.
  init?(of record: FaceRecord, in size: ImageSize, alignment: FaceAlignment?) {
    guard let alignment, let face = TrackedFace(record, in: size) else {
      guard let box = CropBox(clamping: record.box(in: size), to: size) else { return nil }
      self = .upright(box)
      return
    }
    let length = alignment.transform(for: face, side: 1).scale
    let side = min(max(1, Int(length)), Self.largestSide)
    let transform = alignment.transform(for: face, side: Double(side))
    let centre = transform.apply(to: SIMD2(repeating: Double(side) / 2))
    guard (0..<Double(size.width)).contains(centre.x), (0..<Double(size.height)).contains(centre.y)
    else { return nil }
    self = .aligned(CropBox(x: 0, y: 0, width: side, height: side), transform: transform)
  }

  /// The same with another box in place of its own.
  func replacingBox(by change: (CropBox) -> CropBox) -> FaceArea {
    switch self {
    case .upright(let box): .upright(change(box))
    case .aligned(let box, let transform): .aligned(change(box), transform: transform)
    }
  }
}

extension TrackedFace {
  /// What a record says about a face; nil where it has neither box nor eyes.
  fileprivate init?(_ record: FaceRecord, in size: ImageSize) {
    let box = record.box(in: size).map {
      FaceRegion(x: Float($0.x), y: Float($0.y), width: Float($0.width), height: Float($0.height))
    }
    guard box != nil || record.eyes != nil else { return nil }
    self.init(region: box ?? FaceRegion(x: 0, y: 0, width: 0, height: 0), eyes: record.eyes)
  }
}
