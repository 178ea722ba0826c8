import Foundation

extension FaceManifest {
  /// Endings of image files, in lower case.
  public static let imageExtensions: Set<String> = ["bmp", "jpeg", "jpg", "png", "webp"]

  /// Reads faces of any kind whose labels do not matter: a folder, shards or their index, AffectNet's
  /// CSV, or else a list of one path a line.
  ///
  /// - Parameters:
  ///   - path: the folder, the list or the shards.
  ///   - root: the folder that relative paths of a list start from.
  ///   - onError: what happens to rows and names that cannot be used.
  /// - Throws: `DatasetError` naming file and line.
  public static func unlabeled(
    path: String, root: String, onError: ErrorPolicy
  ) throws -> FaceManifest {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try unlabeled(folder: path, onError: onError)
    }
    let hasLabels = [".csv", ".tar", ".index"].contains(where: path.hasSuffix)
    return hasLabels
      ? try list(path: path, root: root, onError: onError)
      : try unlabeled(list: path, root: root, onError: onError)
  }

  /// Finds the faces without labels in a folder and in all folders in it.
  ///
  /// The folder is listed once, and no image is touched: one rank does it and tells the others. The
  /// order is that of the paths' bytes, the same on every file system. Names that begin with a dot are
  /// passed over. Links to folders are followed, but no folder twice.
  ///
  /// - Parameters:
  ///   - folder: the folder; image paths are relative to it.
  ///   - extensions: endings of the files that are images, in lower case.
  ///   - onError: what happens to names that are not UTF-8.
  /// - Throws: `DatasetError` naming the folder, also where it holds no image.
  public static func unlabeled(
    folder: String, extensions: Set<String> = imageExtensions, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let listing = try FolderListing(of: folder) {
      extensions.contains(FolderListing.fileExtension($0))
    }
    var tally = RowTally(file: folder, policy: onError)
    for problem in listing.problems { try tally.add(problem) }
    try tally.finish()
    if listing.files.isEmpty {
      throw DatasetError.nothingUsable(
        file: folder, what: "image",
        reason: "no file ends in .\(extensions.sorted().joined(separator: ", ."))")
    }
    return FaceManifest(
      path: folder, root: folder, records: listing.files.map { unlabeled($0, line: 0) },
      problems: tally.problems)
  }

  /// Reads a list of faces without labels: one path a line.
  ///
  /// Paths are relative to the root, or absolute: whoever writes such a list may have the images
  /// anywhere, so `..` is allowed, too. Blanks around a path do not belong to it, empty lines are
  /// passed over. Images are not touched: a missing one shows when it is loaded.
  ///
  /// - Parameters:
  ///   - list: the list.
  ///   - root: the folder that relative paths start from.
  ///   - onError: what happens to lines that are no path.
  /// - Throws: `DatasetError` naming file and line; also when no usable line is left.
  public static func unlabeled(
    list: String, root: String, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let reader = try DelimitedReader(file: list, dialect: .lines)
    let row = RowValues(reader: reader)
    var faces = FaceList(path: list, root: root)
    var tally = RowTally(file: list, policy: onError)
    while try reader.next() {
      do throws(RowProblem) {
        let path = try row.path(0, nil, of: "image", .anywhere)
        faces.append(unlabeled(path, line: reader.line))
      } catch {
        try tally.add(error)
      }
    }
    return try faces.finished(tally)
  }

  private static func unlabeled(_ path: String, line: Int) -> FaceRecord {
    FaceRecord(
      imagePath: path, faceBox: nil, expression: nil, valence: nil, arousal: nil, line: line)
  }
}
