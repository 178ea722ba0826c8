/// AffectNet's later release: one small file for each value of each image.
///
/// A split is a folder with `images/ID.jpg` and `annotations/ID_exp.npy`, `ID_val.npy`, `ID_aro.npy`
/// and, where there are landmarks, `ID_lnd.npy`. Its 1.15 million small files would cost every start of
/// a run minutes on a cluster's file system; they are read once, into a list of the first release's form.
public enum AffectNetArrays {
  /// What became of a split.
  public struct Conversion: Equatable, Sendable {
    /// Rows of the new list.
    public var rows: Int
    /// Images that were left out, and why.
    public var problems: [RowProblem]
    /// Files in the two folders that are neither an image nor an annotation.
    public var otherFiles: Int
  }

  /// Writes the list of a split, which `FaceManifest.affectNet(csv:root:readsEyes:onError:)` reads.
  ///
  /// Each of the two folders is listed once; rows come in the order of the numbers that images have for
  /// names. The images are cut to the faces, so the box of each stays empty: the whole image. A list
  /// appears complete or not at all.
  ///
  /// - Parameters:
  ///   - split: the folder of the split, relative to the root: `train_set` or `val_set`.
  ///   - root: the folder that the list's image paths are relative to.
  ///   - csv: the list to write.
  ///   - onError: what happens to images whose annotations cannot be used.
  /// - Throws: `DatasetError` naming the annotation file.
  public static func writeList(
    split: String, root: String, to csv: String, onError: ErrorPolicy
  ) throws -> Conversion {
    let folder = try AffectNetFolder("\(root)/\(split)")
    var tally = RowTally(file: folder.path, policy: onError)
    var rows = 0
    let list = try ListWriter(csv)
    list.append(AffectNetColumns.header)
    for problem in folder.problems { try tally.add(problem) }
    for image in folder.images {
      do throws(RowProblem) {
        list.append(try folder.row(of: image, path: "\(split)/images/\(image.file)"))
        rows += 1
      } catch {
        try tally.add(error)
      }
      try list.flushIfLarge()
    }
    try tally.finish()
    guard rows > 0 else {
      throw DatasetError.nothingUsable(
        file: folder.path, what: "image", reason: "\(tally.count) with problems")
    }
    try list.finish()
    return Conversion(rows: rows, problems: tally.problems, otherFiles: folder.otherFiles)
  }
}
