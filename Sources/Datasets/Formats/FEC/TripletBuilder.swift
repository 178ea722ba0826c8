/// Collects triplets, giving each image and each face one number.
struct TripletBuilder {
  private static let examples = 5

  var manifest: TripletManifest
  private let images: ImageMap
  private var pathOfAddress: [String: String] = [:]
  private var missing: Set<String> = []
  private var addressOfPath: [String: String] = [:]
  private var indexOfImage: [String: Int32] = [:]
  private var indexOfFace: [TripletManifest.Face: Int32] = [:]

  init(manifest: TripletManifest, images: ImageMap) {
    self.manifest = manifest
    self.images = images
  }

  /// Adds the triplet of a row, or counts why there is none.
  mutating func add(_ row: FECRow, agreement: Int, place: RowValues) throws(RowProblem) {
    guard let odd = row.votes.firstIndex(where: { $0 >= agreement }) else {
      manifest.disagreeing += 1
      return
    }
    var paths: [String] = []
    for face in row.faces {
      if let path = try path(of: face.address, place) { paths.append(path) }
    }
    // Only then, so that no image is without a triplet.
    guard paths.count == row.faces.count else {
      manifest.missing.triplets += 1
      return
    }
    let faces = zip(row.faces, paths).map { index(of: $0.box, in: $1) }
    manifest.triplets.append(
      Triplet(
        faces: SIMD3(faces[0], faces[1], faces[2]), oddOneOut: odd, type: row.type,
        line: place.reader.line))
  }

  private mutating func path(
    of address: String, _ place: RowValues
  ) throws(RowProblem) -> String? {
    if let known = pathOfAddress[address] { return known }
    guard let path = images.path(of: address) else {
      if missing.insert(address).inserted {
        manifest.missing.addresses += 1
        if manifest.missing.examples.count < Self.examples {
          manifest.missing.examples.append(address)
        }
      }
      return nil
    }
    if images.isByFileName, let other = addressOfPath.updateValue(address, forKey: path) {
      addressOfPath[path] = other
      throw place.problem(
        "'\(other)' and '\(address)' have the same file name; write a list of url,path")
    }
    pathOfAddress[address] = path
    return path
  }

  private mutating func index(of box: FractionalBox, in path: String) -> Int32 {
    let image = indexOfImage[path] ?? Int32(manifest.imagePaths.count)
    if indexOfImage.updateValue(image, forKey: path) == nil { manifest.imagePaths.append(path) }
    let face = TripletManifest.Face(image: image, box: box)
    let index = indexOfFace[face] ?? Int32(manifest.faces.count)
    if indexOfFace.updateValue(index, forKey: face) == nil { manifest.faces.append(face) }
    return index
  }
}
