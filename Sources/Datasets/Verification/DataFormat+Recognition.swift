import Foundation

extension DataFormat {
  /// What lies at `path`, judged by names, by how files begin and by headers; nil where nothing fits.
  ///
  /// - Throws: `DatasetError` where a folder cannot be listed.
  public static func recognised(at path: String) throws -> DataFormat? {
    if ShardPattern.isPattern(path) { return .shards }
    guard isFolder(path) else { return ofFile(path) }
    return try ofStructure(path) ?? ofSubfolders(path) ?? ofContent(path)
  }

  /// The files of a folder, not of those in it, that are lists or indexes of the format.
  func lists(in folder: String) throws -> [String] {
    try Self.names(in: folder).filter {
      ["csv", "txt", "index"].contains(FolderListing.fileExtension($0))
        && Self.ofFile("\(folder)/\($0)") == self
    }
  }

  /// The names in a folder, in the order of their bytes; hidden ones and those that no list could hold
  /// are passed over.
  static func names(in folder: String) throws -> [String] {
    try DirectoryEntry.all(in: folder).filter { !$0.isHidden && $0.isUTF8 }.map(\.name)
      .sorted(by: FolderListing.precedes)
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The data sets among the folders in `folder`, by their names.
  static func sets(in folder: String) throws -> [(name: String, format: DataFormat)] {
    try names(in: folder).compactMap { name in
      let path = "\(folder)/\(name)"
      guard isFolder(path) else { return nil }
      return try (ofStructure(path) ?? ofContent(path)).map { (name, $0) }
    }
  }

  // MARK: - Folders

  /// What the first level of a folder tells.
  private static func ofStructure(_ folder: String) throws -> DataFormat? {
    let names = Set(try names(in: folder))
    if names.contains("EmoLabel") { return .rafDB }
    let recordings = RecordingFolders.Content.allCases.compactMap {
      $0.rawValue.split(separator: "/").first.map(String.init)
    }
    if !names.isDisjoint(with: recordings) { return .recola }
    if names.isSuperset(of: ["images", "annotations"]) { return .affectNetArrays }
    if !names.isDisjoint(with: AffectNetArrays.splits) { return .affectNetArrays }
    let lists = names.filter { FolderListing.fileExtension($0) == "csv" }.sorted()
    for list in lists {
      if let format = ofFile("\(folder)/\(list)"), format != .faceList { return format }
    }
    return names.contains { ["tar", "index"].contains(FolderListing.fileExtension($0)) }
      ? .shards : nil
  }

  /// Several data sets: at least one of the folders has the structure of one.
  private static func ofSubfolders(_ folder: String) throws -> DataFormat? {
    let isCorpus = try names(in: folder).contains { name in
      let path = "\(folder)/\(name)"
      return try isFolder(path) && ofStructure(path) != nil
    }
    return isCorpus ? .corpus : nil
  }

  /// What the files in a folder, and in all folders in it, are called.
  private static func ofContent(_ folder: String) throws -> DataFormat? {
    var found: Set<DataFormat> = []
    _ = try FolderListing(of: folder) { name in
      let kind = FolderListing.fileExtension(name)
      if FaceManifest.imageExtensions.contains(kind) {
        found.insert(.faces)
      } else if MediaFolder.extensions.contains(kind) {
        found.insert(isRAVDESS(name) ? .ravdess : .media)
      }
      return false
    }
    return [.ravdess, .faces, .media].first(where: found.contains)
  }

  private static func isRAVDESS(_ name: Substring) -> Bool {
    // A name of the right form with an impossible code is one, too.
    do { return try RAVDESSName(file: name) != nil } catch { return true }
  }

  // MARK: - Files

  private static func ofFile(_ path: String) -> DataFormat? {
    let magic = FaceTableLayout.magic
    if (try? InputFile.beginning(of: path, count: magic.count)) == magic { return .shards }
    guard let reader = try? DelimitedReader(file: path), (try? reader.next()) == true else {
      return nil
    }
    let row = RowValues(reader: reader)
    let names = (0..<reader.fieldCount).map { row.text($0) }
    if names.contains("path") && names.contains("speaker") { return .speech }
    if names.contains("subDirectory_filePath") || names.contains("expression")
      || AffectNetColumns.isFace(names)
    {
      return .affectNet
    }
    if names.count == FECRow.columnCount { return .fec }
    let isPath = FaceManifest.imageExtensions.contains(FolderListing.fileExtension(names[0]))
    return isPath && names.count == 1 ? .faceList : nil
  }
}

/// Films and sounds, known by their names.
enum MediaFolder {
  static let sounds = RecordingFolders.Content.audio.extensions
  static let films = RecordingFolders.Content.video.extensions
  static let extensions = sounds.union(films)
}
