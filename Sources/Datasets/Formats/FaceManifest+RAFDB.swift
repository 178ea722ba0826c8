extension FaceManifest {
  /// Where RAF-DB keeps its labels, relative to its folder; the slip is the data set's own.
  public static let rafDBList = "EmoLabel/list_patition_label.txt"

  /// RAF-DB's codes 1 to 7, in their order.
  private static let rafDBExpressions: [Expression] = [
    .surprise, .fear, .disgust, .happy, .sad, .anger, .neutral,
  ]

  /// Reads both splits of RAF-DB's basic set, with the aligned images.
  ///
  /// Lines of the list are `train_00001.jpg 5`; the name tells the split, and the image is
  /// `Image/aligned/train_00001_aligned.jpg`. Images are not touched. A name has no room for another
  /// folder.
  ///
  /// - Parameters:
  ///   - root: the folder that holds `EmoLabel` and `Image`.
  ///   - onError: what happens to lines that cannot be used; the limit counts those of both splits,
  ///     and the problems of all are with the training split.
  /// - Throws: `DatasetError` naming file and line; also when a split has no usable line.
  /// - Source: S. Li and W. Deng, "Reliable crowdsourcing and deep locality-preserving learning for
  ///   unconstrained facial expression recognition", IEEE Transactions on Image Processing 28(1), 2019.
  public static func rafDB(
    root: String, onError: ErrorPolicy
  ) throws -> (training: FaceManifest, test: FaceManifest) {
    let list = "\(root)/\(rafDBList)"
    let reader = try DelimitedReader(file: list, dialect: .lines)
    let row = RowValues(reader: reader)
    var training = FaceList(path: list, root: root)
    var test = training
    var tally = RowTally(file: list, policy: onError)
    var lineOfName: [String: Int] = [:]
    while try reader.next() {
      do throws(RowProblem) {
        let (name, expression) = try rafDBValues(row)
        if let earlier = lineOfName.updateValue(reader.line, forKey: name) {
          throw row.problem("'\(name)' is in line \(earlier) already")
        }
        let record = FaceRecord(
          imagePath: "Image/aligned/\(name)_aligned.jpg", faceBox: nil, expression: expression,
          valence: nil, arousal: nil, line: reader.line)
        if name.hasPrefix("train_") {
          training.append(record)
        } else {
          test.append(record)
        }
      } catch {
        try tally.add(error)
      }
    }
    return (
      try training.finished(tally), try test.finished(RowTally(file: list, policy: onError))
    )
  }

  /// The name, without its ending, and the label of a line.
  private static func rafDBValues(
    _ row: RowValues
  ) throws(RowProblem) -> (name: String, expression: Expression) {
    let parts = row.reader.field(0).split { $0 == 0x20 || $0 == 0x09 }
    guard parts.count == 2 else {
      throw row.problem(
        "'\(row.quoted(0))' is not an image and its code, such as train_00001.jpg 5")
    }
    guard let name = rafDBName(String(decoding: parts[0], as: UTF8.self)) else {
      throw row.problem(
        "'\(RowValues.quoted(parts[0]))' is not train_ or test_, a number and .jpg", column: "image"
      )
    }
    guard parts[1].count == 1, let digit = parts[1].first, (0x31...0x37).contains(digit) else {
      throw row.problem(
        "'\(RowValues.quoted(parts[1]))' is not a code of the basic set (1 to 7)", column: "label")
    }
    return (name, rafDBExpressions[Int(digit - 0x31)])
  }

  private static func rafDBName(_ file: String) -> String? {
    guard file.hasSuffix(".jpg") else { return nil }
    let name = file.dropLast(4)
    for split in ["train_", "test_"] where name.hasPrefix(split) {
      let number = name.utf8.dropFirst(split.utf8.count)
      if !number.isEmpty && number.allSatisfy({ (0x30...0x39).contains($0) }) {
        return String(name)
      }
    }
    return nil
  }
}
