extension FaceManifest {
  /// Reads a list of AffectNet's first release.
  ///
  /// The columns may come in any order and others may stand between them; a list that begins with a face
  /// has the release's own columns. Expressions 8 (none), 9
  /// (uncertain) and 10 (no face) are excluded and counted; valence and arousal of −2 are unknown. Of
  /// the 68 landmarks, which may be missing, the centres of the eyes are kept. A path must stay inside
  /// the root: absolute ones, and any with `..` in it, are problems. Images are not touched: a missing one shows when it is loaded.
  ///
  /// - Parameters:
  ///   - csv: the list.
  ///   - root: the folder that its image paths are relative to.
  ///   - readsEyes: whether eyes are looked for; landmarks are nine tenths of a list, and passing over them
  ///     reads it in a fraction of the time.
  ///   - onError: what happens to rows with bad values; the limit counts rows of this list.
  /// - Throws: `DatasetError` naming file, line and column; also when no usable row is left.
  /// - Source: A. Mollahosseini et al., "AffectNet: a database for facial expression, valence, and
  ///   arousal computing in the wild", IEEE Transactions on Affective Computing 10(1), 2019.
  public static func affectNet(
    csv: String, root: String, readsEyes: Bool = true, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let reader = try DelimitedReader(file: csv)
    var header = try ListHeader(of: reader)
    var hasRow = AffectNetColumns.isFace(header.names)
    if hasRow {
      header = ListHeader(names: AffectNetColumns.header, file: csv)
    } else {
      hasRow = try reader.next()
    }
    let columns = try AffectNetColumns(header: header, readsEyes: readsEyes)
    var list = FaceList(path: csv, root: root)
    var tally = RowTally(file: csv, policy: onError)
    while hasRow {
      do throws(RowProblem) {
        if let record = try columns.record(of: RowValues(reader: reader)) {
          list.append(record)
        } else {
          list.excluded += 1
        }
      } catch {
        try tally.add(error)
      }
      try list.makeRoom(for: reader)
      hasRow = try reader.next()
    }
    return try list.finished(tally)
  }
}
