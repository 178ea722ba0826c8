extension SpeechManifest {
  /// Reads a list of utterances.
  ///
  /// A CSV file whose header names, in any order and among others, `path` and `speaker`, then `emotion`
  /// or both `valence` and `arousal` (−1 to 1, −2 or nothing for unknown), and where needed `start` and
  /// `end` (seconds in the file) and `split` (see `Split`). Each row has an emotion or valence or
  /// arousal. Paths are relative to the root, or absolute: whoever writes such a list may have the
  /// sound anywhere, so `..` is allowed, too. Files are not touched.
  ///
  /// - Parameters:
  ///   - list: the list.
  ///   - root: the folder that relative paths start from.
  ///   - onError: what happens to rows with bad values.
  /// - Throws: `DatasetError` naming file, line and column; also when no usable row is left.
  public static func list(
    _ list: String, root: String, onError: ErrorPolicy
  ) throws -> SpeechManifest {
    let reader = try DelimitedReader(file: list)
    let columns = try SpeechColumns(header: ListHeader(of: reader), file: list)
    let row = RowValues(reader: reader)
    var manifest = SpeechManifest(path: list, root: root, records: [])
    var tally = RowTally(file: list, policy: onError)
    while try reader.next() {
      do throws(RowProblem) {
        manifest.records.append(try columns.record(of: row))
      } catch {
        try tally.add(error)
      }
    }
    try manifest.finish(tally)
    return manifest
  }
}

/// Where the header puts the columns of a list of utterances.
private struct SpeechColumns {
  private let columnCount: Int
  private let path: Int
  private let speaker: Int
  private let emotion: Int?
  private let valence: Int?
  private let arousal: Int?
  private let start: Int?
  private let end: Int?
  private let split: Int?

  init(header: ListHeader, file: String) throws {
    columnCount = header.names.count
    path = try header.column("path")
    speaker = try header.column("speaker")
    emotion = try header.optionalColumn("emotion")
    valence = try header.optionalColumn("valence")
    arousal = try header.optionalColumn("arousal")
    start = try header.optionalColumn("start")
    end = try header.optionalColumn("end")
    split = try header.optionalColumn("split")
    // With one of the two there is a label, but then the other is more likely misspelt than left out.
    if valence != nil || arousal != nil {
      _ = try (header.column("valence"), header.column("arousal"))
    } else if emotion == nil {
      _ = try header.column("emotion")
    }
  }

  func record(of row: RowValues) throws(RowProblem) -> SpeechRecord {
    try row.checkFieldCount(columnCount)
    let file = try row.path(path, "path", of: "sound file", .anywhere)
    if row.isEmpty(speaker) { throw row.problem("is empty", column: "speaker") }
    let record = SpeechRecord(
      audioPath: file, emotion: try emotion(row), valence: try affect(row, valence, "valence"),
      arousal: try affect(row, arousal, "arousal"), speaker: row.text(speaker),
      startSeconds: try seconds(row, start, "start") ?? 0,
      endSeconds: try seconds(row, end, "end"), split: try split(row), line: row.reader.line)
    if let end = record.endSeconds, end <= record.startSeconds {
      throw row.problem("\(end) s is not after the start, \(record.startSeconds) s", column: "end")
    }
    if record.emotion == nil && record.valence == nil && record.arousal == nil {
      throw row.problem("has neither an emotion nor valence or arousal")
    }
    return record
  }

  private func emotion(_ row: RowValues) throws(RowProblem) -> VocalEmotion? {
    guard let emotion, !row.isEmpty(emotion) else { return nil }
    guard let value = VocalEmotion(name: row.text(emotion)) else {
      throw row.problem(
        "'\(row.quoted(emotion))' is none of "
          + VocalEmotion.allCases.map { "\($0)" }.joined(separator: ", "), column: "emotion")
    }
    return value
  }

  private func affect(
    _ row: RowValues, _ index: Int?, _ column: String
  ) throws(RowProblem) -> Float? {
    guard let index, !row.isEmpty(index) else { return nil }
    return try row.affect(index, column)
  }

  private func seconds(
    _ row: RowValues, _ index: Int?, _ column: String
  ) throws(RowProblem) -> Double? {
    guard let index, !row.isEmpty(index) else { return nil }
    let value = try row.number(index, column)
    guard (0...1e6).contains(value) else {
      throw row.problem("\(value) is not a time in a file, in seconds", column: column)
    }
    return value
  }

  private func split(_ row: RowValues) throws(RowProblem) -> Split? {
    guard let split, !row.isEmpty(split) else { return nil }
    guard let value = Split(name: row.text(split)) else {
      throw row.problem(
        "'\(row.quoted(split))' is not train, validation or test", column: "split")
    }
    return value
  }
}
