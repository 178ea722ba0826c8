/// Labelled faces in the layout of AffectNet's first release.
struct AffectNetSet: SyntheticSet {
  let name = "affectnet"
  let cast: FaceCast
  private let imageSize: Int
  private let trainingClasses: ShuffledRounds<Expression>
  private let validationClasses: ShuffledRounds<Expression>

  private static let images = "images"

  init(seed: UInt64, faces: Int, imageSize: Int) {
    self.imageSize = imageSize
    cast = FaceCast(seed: seed, set: 0, count: faces, heldOutPart: 0.2)
    // In AffectNet's manner: unequal in training, but none is rare; equal in validation.
    trainingClasses = ShuffledRounds(
      shares: [5, 6, 3, 3, 2, 2, 3, 2], seed: seed, firstIndex: cast.index(0))
    validationClasses = ShuffledRounds(
      Expression.allCases, seed: seed, firstIndex: cast.index(1 << 30))
  }

  var itemCount: Int { cast.count }
  var folders: [String] { subfolders(for: cast.count, of: "\(Self.images)") }
  var summary: String {
    "\(cast.trainingCount) training and \(cast.count - cast.trainingCount) validation faces, "
      + "of other people"
  }

  func expression(of face: Int) -> Expression {
    (cast.isTraining(face) ? trainingClasses : validationClasses)[cast.place(face)]
  }

  func write(_ face: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    var picture = FacePicture(
      seed: cast.seed, index: cast.index(face),
      person: FaceIdentity(seed: cast.seed, number: cast.person(of: face)),
      expression: expression(of: face), imageSize: imageSize)
    let box = picture.detectedBox()
    let path = NumberedFile.path(face, in: Self.images, name: "face")
    try studio.write(picture, to: folder.file("\(path)"))
    return [
      path, "\(box.x)", "\(box.y)", "\(box.width)", "\(box.height)",
      FaceLandmarks(picture.geometry, picture.scene).text,
      "\(picture.affect.expression.rawValue)",
      FaceLandmarks.hundredths(picture.affect.valence),
      FaceLandmarks.hundredths(picture.affect.arousal),
    ].joined(separator: ",")
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {
    let header = AffectNetColumns.header.joined(separator: ",")
    try folder.write(
      list(header, rows[..<cast.trainingCount]), to: "training.csv")
    try folder.write(
      list(header, rows[cast.trainingCount...]), to: "validation.csv")
  }
}
