/// A list of labelled faces: what a split of a data set consists of.
public struct FaceManifest: Sendable {
  /// The file that the records come from; messages name it.
  public var path: String
  /// The folder that image paths are relative to.
  public var root: String
  /// The usable rows, in the order of the file.
  public var records: [FaceRecord]
  /// The rows that were left out because something is wrong with them.
  public var problems: [RowProblem]
  /// Rows labelled none, uncertain or no face, which are no problem and no sample either.
  public var excluded: Int

  /// A manifest with every field given.
  public init(
    path: String, root: String, records: [FaceRecord], problems: [RowProblem] = [],
    excluded: Int = 0
  ) {
    self.path = path
    self.root = root
    self.records = records
    self.problems = problems
    self.excluded = excluded
  }

  /// Where the image of a record is: in the root, unless its own path is absolute.
  public func path(of record: FaceRecord) -> String {
    record.imagePath.hasPrefix("/") ? record.imagePath : "\(root)/\(record.imagePath)"
  }

  /// The class of each sample, −1 where it has none.
  public var classOfSample: [Int] { records.map { $0.expression?.rawValue ?? -1 } }

  /// How many samples each class has, in the order of `Expression`.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: Expression.allCases.count)
    for record in records {
      if let expression = record.expression { counts[expression.rawValue] += 1 }
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
