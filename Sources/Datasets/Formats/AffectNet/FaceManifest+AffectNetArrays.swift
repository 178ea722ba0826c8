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
