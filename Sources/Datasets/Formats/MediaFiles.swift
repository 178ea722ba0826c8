import Media

/// The pictures, films and sounds of a folder.
public struct MediaFiles: Sendable {
  /// Paths that begin with the folder's, in the order of their bytes, which is the same on every file system.
  public let files: [(path: String, kind: MediaKind)]
  /// Names that are not UTF-8.
  public let problems: [RowProblem]

  /// Lists a folder and all folders in it, by names alone. Names that begin with a dot are passed over; links
  /// to folders are followed, but no folder twice.
  ///
  /// - Throws: `DatasetError.unreadable` naming the folder.
  public init(in folder: String) throws {
    let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    let listing = try FolderListing(of: folder) { MediaKind(name: $0) != nil }
    files = listing.files.compactMap { file in
      MediaKind(name: file).map { ("\(folder)/\(file)", $0) }
    }
    problems = listing.problems
  }
}
