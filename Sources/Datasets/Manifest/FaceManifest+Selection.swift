extension FaceManifest {
  /// A list of some of the faces, with classes that another source gives them.
  ///
  /// Faces in shards stay where they are: the shards count only those that were selected.
  ///
  /// - Parameters:
  ///   - indices: of the faces, ascending.
  ///   - expressions: their classes, as many.
  public func selecting(_ indices: [Int32], expressions: [Expression]) -> FaceManifest {
    precondition(indices.count == expressions.count)
    precondition(zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 }, "not ascending")
    var columns = FaceColumns(hasLocations: shards != nil)
    for (index, expression) in zip(indices, expressions) {
      var record = records[Int(index)]
      record.expression = expression
      columns.append(record, extent: records.extent(at: Int(index)))
    }
    return FaceManifest(
      path: path, root: root, columns: columns, problems: problems, excluded: excluded,
      shards: shards.map { Self.selecting(indices, of: $0) })
  }

  private static func selecting(_ indices: [Int32], of shards: [Shard]) -> [Shard] {
    var rest = indices[...]
    var end = 0
    return shards.map { shard in
      end += shard.sampleCount
      let own = rest.prefix { $0 < end }
      rest = rest.dropFirst(own.count)
      var shard = shard
      shard.sampleCount = own.count
      return shard
    }
  }
}
