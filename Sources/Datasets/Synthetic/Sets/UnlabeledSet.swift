/// Faces without labels, of people who are in no other set: images only.
struct UnlabeledSet: SyntheticSet {
  let name = "unlabeled"
  private let cast: FaceCast
  private let imageSize: Int
  private let classes: ShuffledRounds<Expression>

  private static let images = "images"

  init(seed: UInt64, faces: Int, imageSize: Int) {
    cast = FaceCast(seed: seed, set: 2, count: faces, heldOutPart: 0)
    self.imageSize = imageSize
    classes = ShuffledRounds(
      shares: [8, 8, 3, 2, 1, 1, 2, 1], seed: seed, firstIndex: cast.index(0))
  }

  var itemCount: Int { cast.count }
  var folders: [String] { subfolders(for: cast.count, of: Self.images) }
  var summary: String { "\(cast.count) faces without labels, of other people" }

  func write(_ face: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    let picture = FacePicture(
      seed: cast.seed, index: cast.index(face),
      person: FaceIdentity(seed: cast.seed, number: cast.person(of: face)),
      expression: classes[face], imageSize: imageSize)
    try studio.write(
      picture, to: folder.file(NumberedFile.path(face, in: Self.images, name: "face")))
    return ""
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {}
}
