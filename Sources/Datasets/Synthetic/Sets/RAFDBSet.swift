/// Labelled faces in the layout of RAF-DB, of another population, in another light and from another
/// camera than AffectNet's: on these it shows whether what was learned on the others generalises.
struct RAFDBSet: SyntheticSet {
  let name = "rafdb"
  private let cast: FaceCast
  private let imageSize: Int
  private let classes: ShuffledRounds<Expression>

  private static let images = "Image/aligned"
  private static let list = "EmoLabel/list_patition_label.txt"
  /// RAF-DB's codes, in the order of `Expression`; it has no contempt.
  private static let codes = [7, 4, 5, 1, 2, 3, 6]
  /// About its shares of the classes.
  private static let shares = [5, 8, 4, 3, 1, 2, 2, 0]

  init(seed: UInt64, faces: Int, imageSize: Int) {
    cast = FaceCast(seed: seed, set: 1, count: faces, heldOutPart: 0.2)
    self.imageSize = imageSize
    classes = ShuffledRounds(shares: Self.shares, seed: seed, firstIndex: cast.index(0))
  }

  var itemCount: Int { cast.count }
  var folders: [String] { ["EmoLabel", "\(Self.images)"] }
  var summary: String {
    "\(cast.trainingCount) training and \(cast.count - cast.trainingCount) test faces, of other "
      + "people, another population than affectnet's"
  }

  func write(_ face: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    let person = FaceIdentity.stranger(seed: cast.seed, number: cast.person(of: face))
    let expression = classes[face]
    var picture = FacePicture(
      seed: cast.seed, index: cast.index(face), person: person, expression: expression,
      imageSize: imageSize, conditions: .aligned)
    let error = 0.04 * SIMD2(picture.random.bell(), picture.random.bell())
    picture.scene.align(person, imageSize: imageSize, error: error)
    let split = cast.isTraining(face) ? "train" : "test"
    let file = "\(split)_\(padded(cast.place(face) + 1, cast.isTraining(face) ? 5 : 4))"
    try studio.write(picture, to: folder.file("\(Self.images)/\(file)_aligned.jpg"))
    return "\(file).jpg \(Self.codes[expression.rawValue])"
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {
    try folder.write(list(nil, rows), to: "\(Self.list)")
  }
}
