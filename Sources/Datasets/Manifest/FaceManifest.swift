import Foundation

/// A list of labelled faces: what a split of a data set consists of.
///
/// Ten million rows take a few hundred MiB (see `FaceRecords`). Rank 0 reads the list and the others
/// take it over as it is: `packed`.
public struct FaceManifest: Sendable {
  /// The file that the records come from; messages name it.
  public let path: String
  /// The folder that image paths are relative to.
  public let root: String
  /// The usable rows, in the order of the file.
  public let records: FaceRecords
  /// The rows that were left out because something is wrong with them.
  public let problems: [RowProblem]
  /// Rows labelled none, uncertain or no face, which are no problem and no sample either.
  public let excluded: Int
  /// The tar files that hold the images, in the order of the records; nil where each image is a file.
  public let shards: [Shard]?

  /// What a packed list holds beside its rows.
  fileprivate struct Metadata: Codable {
    var path: String
    var root: String
    var problems: [RowProblem]
    var excluded: Int
    var shards: [Shard]?
  }

  /// A manifest of files with every field given.
  public init(
    path: String, root: String, records: some Sequence<FaceRecord>, problems: [RowProblem] = [],
    excluded: Int = 0
  ) {
    var columns = FaceColumns()
    for record in records { columns.append(record) }
    self.init(path: path, root: root, columns: columns, problems: problems, excluded: excluded)
  }

  /// A manifest of columns, which are given up.
  init(
    path: String, root: String, columns: consuming FaceColumns, problems: [RowProblem] = [],
    excluded: Int = 0, shards: [Shard]? = nil
  ) {
    self.path = path
    self.root = root
    self.problems = problems
    self.excluded = excluded
    self.shards = shards
    records = FaceRecords(
      columns: consume columns,
      metadata: Metadata(
        path: path, root: root, problems: problems, excluded: excluded, shards: shards
      ).encoded)
  }

  // MARK: - Packed

  /// The whole manifest as bytes, for other ranks or a file; those that it lies in, not a copy.
  public var packed: [UInt8] { records.bytes }

  /// Takes over what `packed` gave.
  ///
  /// The bytes are checked, not believed: whatever they are, they give a manifest or an error.
  ///
  /// - Parameters:
  ///   - bytes: kept as the records' memory.
  ///   - file: the name for the error.
  /// - Throws: `DatasetError.packedList`.
  public init(packed bytes: [UInt8], file: String) throws {
    do {
      try self.init(checking: bytes)
    } catch {
      throw DatasetError.packedList(file: file, reason: "\(error)")
    }
  }

  private init(checking bytes: [UInt8]) throws(PackedListProblem) {
    let records = try FaceRecords(packed: bytes)
    let metadata = try Metadata(packed: bytes, layout: records.layout)
    if let shards = metadata.shards {
      try Shard.check(shards, holding: records)
    } else if records.layout.hasLocations {
      throw PackedListProblem("has places in shards and no shards")
    }
    self.records = records
    (path, root) = (metadata.path, metadata.root)
    (problems, excluded, shards) = (metadata.problems, metadata.excluded, metadata.shards)
  }

  /// Gives a packed list that was found at `path` its own name and the folder of its images.
  ///
  /// - Throws: `PackedListProblem`.
  static func relocate(
    _ bytes: inout [UInt8], path: String, root: String
  ) throws(PackedListProblem) {
    let layout = try FaceTableLayout(of: bytes)
    var metadata = try Metadata(packed: bytes, layout: layout)
    (metadata.path, metadata.root) = (path, root)
    let encoded = metadata.encoded
    guard
      let relocated = FaceTableLayout(
        rows: layout.rows, pathBytes: layout.pathBytes, metadataBytes: encoded.count,
        hasLocations: layout.hasLocations)
    else { throw PackedListProblem("has a header of impossible counts") }
    bytes.removeLast(bytes.count - layout.metadata.lowerBound)
    bytes.append(contentsOf: encoded)
    bytes.withUnsafeMutableBytes { relocated.writeHeader(to: $0) }
  }
}

extension FaceManifest.Metadata {
  fileprivate init(packed bytes: [UInt8], layout: FaceTableLayout) throws(PackedListProblem) {
    guard let metadata = try? JSONDecoder().decode(Self.self, from: Data(bytes[layout.metadata]))
    else { throw PackedListProblem("has metadata that cannot be read") }
    self = metadata
  }

  fileprivate var encoded: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Plain structures of strings and integers always encode.
    return (try? encoder.encode(self)).map { Array($0) } ?? []
  }
}

extension FaceManifest {
  /// Where the image of a record is: in the root, unless its own path is absolute.
  public func path(of record: FaceRecord) -> String {
    record.imagePath.hasPrefix("/") || root == "."
      ? record.imagePath : "\(root)/\(record.imagePath)"
  }

  /// The class of each sample, −1 where it has none.
  public var classOfSample: [Int] { records.indices.map { Int(records.expressionCode(at: $0)) } }

  /// How many samples each class has, in the order of `Expression`.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: Expression.allCases.count)
    for index in records.indices {
      let code = Int(records.expressionCode(at: index))
      if code >= 0 { counts[code] += 1 }
    }
    return counts
  }

  /// The weight of each class in a balanced loss: the inverse of its frequency.
  ///
  /// N / (present classes · count), so that the mean over the samples is 1; 0 for a class without
  /// samples.
  public var classWeights: [Float] {
    let counts = classCounts
    let total = Double(counts.reduce(0, +))
    let present = Double(counts.count { $0 > 0 })
    return counts.map { $0 == 0 ? 0 : Float(total / (present * Double($0))) }
  }
}
