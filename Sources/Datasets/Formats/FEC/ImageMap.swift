/// Where the images are that a list names by their addresses on the web.
public struct ImageMap: Sendable {
  private enum Rule {
    /// By the whole address.
    case list([String: String])
    /// By what follows the last slash.
    case fileNames([Substring: String])
  }

  private let rule: Rule

  /// Reads a list or lists a folder, whichever `path` is.
  ///
  /// - Parameters:
  ///   - path: the list, or the folder; relative to the manifest's root unless it is absolute.
  ///   - root: the manifest's root.
  /// - Throws: `DatasetError`, as the other two.
  public init(at path: String, root: String) throws {
    let found = Self.absolute(path, root)
    if DataFormat.isFolder(found) {
      try self.init(folder: path, root: root)
    } else {
      try self.init(list: found)
    }
  }

  private static func absolute(_ path: String, _ root: String) -> String {
    path.hasPrefix("/") ? path : "\(root)/\(path)"
  }

  /// Reads a list of downloaded images: a CSV file with the columns `url` and `path`.
  ///
  /// Paths are relative to the manifest's root, or absolute: whoever downloads the images may put them
  /// anywhere, so `..` is allowed, too. Files are not touched.
  ///
  /// - Throws: `DatasetError` naming file, line and column; also for an address with two paths.
  public init(list: String) throws {
    let reader = try DelimitedReader(file: list)
    let header = try ListHeader(of: reader)
    let (address, path) = (try header.column("url"), try header.column("path"))
    let row = RowValues(reader: reader)
    var paths: [String: String] = [:]
    while try reader.next() {
      do throws(RowProblem) {
        try row.checkFieldCount(header.names.count)
        if row.isEmpty(address) { throw row.problem("is empty", column: "url") }
        let file = try row.path(path, "path", of: "image", .anywhere)
        if let earlier = paths.updateValue(file, forKey: row.text(address)), earlier != file {
          throw row.problem("'\(row.quoted(address))' has another path already", column: "url")
        }
      } catch {
        throw DatasetError.row(error)
      }
    }
    rule = .list(paths)
  }

  /// Lists a folder, and all folders in it, once: the image of an address is the file with the name that
  /// follows the last slash of the address.
  ///
  /// - Parameter folder: the folder; it becomes part of the paths, so it is absolute or relative to the
  ///   manifest's root.
  /// - Parameter root: the manifest's root.
  /// - Throws: `DatasetError`, also for two files of one name in different folders.
  public init(folder: String, root: String) throws {
    let listed = Self.absolute(folder, root)
    let listing = try FolderListing(of: listed) {
      FaceManifest.imageExtensions.contains(FolderListing.fileExtension($0))
    }
    var paths: [Substring: String] = [:]
    for file in listing.files {
      let path = folder.isEmpty ? file : "\(folder)/\(file)"
      if let earlier = paths.updateValue(path, forKey: FolderListing.name(file)) {
        throw DatasetError.nothingUsable(
          file: listed, what: "folder rule",
          reason: "\(earlier) and \(path) have the same name; write a list of url,path")
      }
    }
    rule = .fileNames(paths)
  }

  /// The path of an address's image, nil where there is none.
  func path(of address: String) -> String? {
    switch rule {
    case .list(let paths): return paths[address]
    case .fileNames(let paths):
      let name = Self.fileName(address)
      return paths[name] ?? name.removingPercentEncoding.flatMap { paths[$0[...]] }
    }
  }

  /// Whether different addresses can mean the same file without saying so.
  var isByFileName: Bool {
    if case .fileNames = rule { true } else { false }
  }

  /// What follows the last slash, without a query or a fragment.
  private static func fileName(_ address: String) -> Substring {
    FolderListing.name(String(address.prefix { $0 != "?" && $0 != "#" }))
  }
}
