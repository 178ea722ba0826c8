import CounterRandom

/// Triplets of faces in the layout of Google's facial expression comparison data set: two lists of 28
/// columns without a header, pictures, and a list that maps their addresses to them.
struct FECSet: SyntheticSet {
  let name = "fec"
  private let cast: FaceCast
  private let imageSize: Int
  private let classes: ShuffledRounds<Expression>

  static let lists = [
    "faceexp-comparison-data-train-public.csv", "faceexp-comparison-data-test-public.csv",
  ]
  static let map = "images.csv"
  private static let images = "images"
  /// Fewer pictures might lack three of one class in one split.
  private static let fewestPictures = 120

  init(seed: UInt64, pictures: Int, imageSize: Int) {
    cast = FaceCast(
      seed: seed, set: 3, count: max(Self.fewestPictures, pictures), heldOutPart: 0.2)
    self.imageSize = imageSize
    classes = ShuffledRounds(Expression.allCases, seed: seed, firstIndex: cast.index(0))
  }

  var itemCount: Int { cast.count }
  var folders: [String] { subfolders(for: cast.count, of: "\(Self.images)") }
  var summary: String {
    "\(cast.trainingCount) training and \(cast.count - cast.trainingCount) test triplets of as many "
      + "faces, of other people, each judged by six annotators"
  }

  /// - Returns: the address and the box, as the triplets' rows have them.
  func write(_ face: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    var picture = FacePicture(
      seed: cast.seed, index: cast.index(face), person: person(of: face),
      expression: expression(of: face), imageSize: imageSize, conditions: .snapshots)
    let box = picture.detectedBox()
    try studio.write(picture, to: folder.file("\(path(face))"))
    let edges = [box.x, box.x + box.width, box.y, box.y + box.height]
    return ([address(face)] + edges.map { "\(Float($0) / Float(imageSize))" })
      .joined(separator: ",")
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {
    let paths = (0..<cast.count).map { "\(address($0)),\(path($0))" }
    try folder.write(list("url,path", paths), to: "\(Self.map)")
    for (file, split) in zip(Self.lists, [0..<cast.trainingCount, cast.trainingCount..<cast.count])
    {
      let triplets = TripletDraw(seed: cast.seed, faces: split.map(judged))
      let lines = split.map { triplet in
        let drawn = triplets.draw(cast.index(triplet))
        return
          (drawn.faces.map { rows[split.lowerBound + $0] }
          + [drawn.type.rawValue] + drawn.votes.map { "\($0.annotator),\($0.choice)" })
          .joined(separator: ",")
      }
      try folder.write(list(nil, lines), to: "\(file)")
    }
  }

  private func judged(_ face: Int) -> FaceAffect {
    FacePicture.affect(
      seed: cast.seed, index: cast.index(face), person: person(of: face),
      expression: expression(of: face))
  }

  private func person(of face: Int) -> FaceIdentity {
    FaceIdentity(seed: cast.seed, number: cast.person(of: face))
  }

  private func expression(of face: Int) -> Expression { classes[face] }

  private func address(_ face: Int) -> String {
    "https://photos.example/\(padded(face, 7)).jpg"
  }

  private func path(_ face: Int) -> String {
    NumberedFile.path(face, in: Self.images, name: "photo")
  }
}
