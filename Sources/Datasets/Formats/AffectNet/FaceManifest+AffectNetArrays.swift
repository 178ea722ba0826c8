extension FaceManifest {
  /// Reads a split of AffectNet's later release from its arrays.
  ///
  /// Millions of small files: for packing and checking. Rows come in the order of the numbers that images
  /// have for names; the images are cut to the faces, so there are no boxes.
  ///
  /// - Parameters:
  ///   - folder: of the split, with `images` and `annotations`: `train_set` or `val_set`.
  ///   - onError: what happens to images whose annotations cannot be used.
  /// - Throws: `DatasetError` naming the annotation file; also when no usable image is left.
  public static func affectNet(
    arrays folder: String, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let files = try AffectNetFolder(folder)
    var tally = RowTally(file: folder, policy: onError)
    for problem in files.problems { try tally.add(problem) }
    var list = FaceList(path: folder, root: "\(folder)/images")
    for image in files.images {
      do throws(RowProblem) {
        let (expression, valence, arousal, eyes) = try files.labels(of: image)
        if let expression {
          list.append(
            FaceRecord(
              imagePath: image.file, faceBox: nil, eyes: eyes, expression: expression,
              valence: valence, arousal: arousal, line: 0))
        } else {
          list.excluded += 1
        }
      } catch {
        try tally.add(error)
      }
    }
    return try list.finished(tally)
  }
}

extension AffectNetArrays {
  /// The folders of the splits.
  public static let splits = ["train_set", "val_set"]

  /// Whether a folder is a split, by the folders in it.
  public static func isSplit(_ folder: String) -> Bool {
    ["images", "annotations"].allSatisfy { DataFormat.isFolder("\(folder)/\($0)") }
  }
}

extension AffectNetFolder {
  /// The labels of an image; no expression where it is none, uncertain or no face.
  fileprivate func labels(
    of image: Image
  ) throws(RowProblem) -> (
    expression: Expression?, valence: Float?, arousal: Float?, eyes: EyeCenters?
  ) {
    // Landmarks, expression, valence and arousal are the last of the first release's columns.
    let columns = try row(of: image, path: image.file).suffix(4)
    let values = columns.suffix(3).map { Float($0) ?? -2 }
    func affect(_ value: Float) -> Float? { value == -2 ? nil : value }
    return (
      Expression(rawValue: Int(values[0])), affect(values[1]), affect(values[2]),
      // What cannot be read has been refused before.
      columns.first.flatMap { try? EyeCenters(landmarks: Array($0.utf8)[...]) }
    )
  }
}
