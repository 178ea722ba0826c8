extension TripletManifest {
  /// How many annotators a row of the data set has.
  public static let annotators = 6

  /// Reads a list of Google's facial expression comparison data set (FEC).
  ///
  /// The list has no header but 28 columns: for each of three faces `url,left,right,top,bottom` in
  /// fractions of the image, the triplet's type, and for each of six annotators a name and the place (1,
  /// 2 or 3) of the face that is least like the others. Rows on which fewer than `agreement` annotators
  /// agree, and rows with an image that `images` does not know, are counted and left out. Images are
  /// not touched.
  ///
  /// - Parameters:
  ///   - csv: the list.
  ///   - root: the folder that image paths are relative to.
  ///   - images: where the image of an address is.
  ///   - agreement: annotators, of six, who must have made the same choice: 4 to 6.
  ///   - onError: what happens to malformed rows.
  /// - Throws: `DatasetError` naming file, line and column; also when no usable row is left.
  /// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
  ///   CVPR 2019.
  public static func fec(
    csv: String, root: String, images: ImageMap, agreement: Int = 4, onError: ErrorPolicy
  ) throws -> TripletManifest {
    guard (4...annotators).contains(agreement) else {
      throw DatasetError.setting(
        name: "agreement", reason: "\(agreement) of \(annotators) annotators is not 4 to 6")
    }
    let reader = try DelimitedReader(file: csv)
    let row = RowValues(reader: reader)
    var builder = TripletBuilder(
      manifest: TripletManifest(path: csv, root: root), images: images)
    var tally = RowTally(file: csv, policy: onError)
    var rows = 0
    while try reader.next() {
      rows += 1
      do throws(RowProblem) {
        try builder.add(FECRow(row), agreement: agreement, place: row)
      } catch {
        try tally.add(error)
      }
    }
    try tally.finish()
    builder.manifest.problems = tally.problems
    let manifest = builder.manifest
    guard !manifest.triplets.isEmpty else {
      throw DatasetError.nothingUsable(
        file: csv, what: "triplet",
        reason:
          "of \(rows) rows \(tally.count) are malformed, on \(manifest.disagreeing) fewer than "
          + "\(agreement) annotators agree, \(manifest.missing.triplets) lack an image")
    }
    return manifest
  }
}
