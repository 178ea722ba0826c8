extension TimedTrace {
  /// Reads a gold standard: an ARFF file with the attributes `Instance_name`, `frameTime` and
  /// `GoldStandard`, and a row for each 40 ms.
  ///
  /// - Parameter recording: the recording's name; rows that name another one are refused.
  /// - Throws: `DatasetError` naming file, line and column.
  /// - Source: "Attribute-relation file format", University of Waikato.
  init(goldStandard file: String, of recording: String) throws {
    self.init(file: file, columnCount: 1)
    let reader = try DelimitedReader(file: file, dialect: .lines)
    let row = RowValues(reader: reader)
    do {
      let header = try ARFFHeader(row)
      while try reader.next() {
        if reader.field(0).first == 0x25 { continue }
        try append(ARFFRow(row, header), of: recording, row)
      }
    } catch let problem as RowProblem {
      throw DatasetError.row(problem)
    }
    try checkRows()
  }

  private mutating func append(
    _ values: ARFFRow, of recording: String, _ row: RowValues
  ) throws(RowProblem) {
    // Names other than a recording's are somebody's own; another recording's are a mistake.
    if values.name != recording && RecordingName(values.name[...]) != nil {
      throw row.problem(
        "'\(values.name)' is not the recording of this file, \(recording)", column: ARFFHeader.name)
    }
    try append(
      seconds: values.seconds, timeColumn: ARFFHeader.time, values: [values.gold], row: row)
  }
}

/// Where an ARFF file has the attributes of a gold standard.
private struct ARFFHeader {
  static let name = "Instance_name"
  static let time = "frameTime"
  static let gold = "GoldStandard"

  /// All attributes, in lower case.
  private(set) var attributes: [String] = []
  let nameIndex: Int
  let timeIndex: Int
  let goldIndex: Int

  /// Reads up to `@data`.
  init(_ row: RowValues) throws {
    var attributes: [String] = []
    header: while true {
      guard try row.reader.next() else {
        throw row.problem("there is no @data; is it an ARFF file?")
      }
      let line = row.reader.field(0)
      if line.first == 0x25 { continue }
      let (keyword, rest) = Self.word(line)
      switch keyword.lowercased() {
      case "@relation": continue
      case "@data": break header
      case "@attribute":
        let (attribute, type) = Self.word(rest)
        guard !attribute.isEmpty && !type.isEmpty else {
          throw row.problem("'\(row.quoted(0))' is not an attribute and its type")
        }
        attributes.append(attribute.lowercased())
      default: throw row.problem("'\(row.quoted(0))' does not belong before @data")
      }
      guard attributes.count <= 64 else { throw row.problem("more than 64 attributes") }
    }
    func index(_ name: String) throws -> Int {
      let places = attributes.indices.filter { attributes[$0] == name.lowercased() }
      guard places.count == 1, let place = places.first else {
        throw row.problem(
          "the attribute \(name) is " + (places.isEmpty ? "missing above" : "there twice"))
      }
      return place
    }
    nameIndex = try index(Self.name)
    timeIndex = try index(Self.time)
    goldIndex = try index(Self.gold)
    self.attributes = attributes
  }

  /// The first word of a line, which may be in quotes, and what follows.
  private static func word(_ line: ArraySlice<UInt8>) -> (String, rest: ArraySlice<UInt8>) {
    let line = line.drop { $0 == 0x20 || $0 == 0x09 }
    let end: Int
    let start: Int
    if let quote = line.first, quote == 0x27 || quote == 0x22 {
      start = line.startIndex + 1
      end = line[start...].firstIndex(of: quote) ?? line.endIndex
    } else {
      start = line.startIndex
      end = line.firstIndex { $0 == 0x20 || $0 == 0x09 } ?? line.endIndex
    }
    return (String(decoding: line[start..<end], as: UTF8.self), line[end...].dropFirst())
  }
}

/// One row of a gold standard.
private struct ARFFRow {
  var name: String
  var seconds: Double
  var gold: Float

  init(_ row: RowValues, _ header: ARFFHeader) throws(RowProblem) {
    let fields = row.reader.field(0).split(separator: 0x2C, omittingEmptySubsequences: false)
    guard fields.count == header.attributes.count else {
      throw row.problem(
        "has \(fields.count) fields where the header has \(header.attributes.count) attributes")
    }
    name = String(decoding: Self.trimmed(fields[header.nameIndex], quotes: true), as: UTF8.self)
    if name.isEmpty { throw row.problem("is empty", column: ARFFHeader.name) }
    seconds = try Self.number(fields[header.timeIndex], row, ARFFHeader.time)
    let value = try Self.number(fields[header.goldIndex], row, ARFFHeader.gold)
    guard (-1...1).contains(value) else {
      throw row.problem("\(value) is outside -1 to 1", column: ARFFHeader.gold)
    }
    gold = Float(value)
  }

  private static func number(
    _ field: ArraySlice<UInt8>, _ row: RowValues, _ column: String
  ) throws(RowProblem) -> Double {
    guard let value = DecimalNumber.value(trimmed(field, quotes: false)), value.isFinite else {
      throw row.problem("'\(RowValues.quoted(field))' is not a number", column: column)
    }
    return value
  }

  private static func trimmed(_ field: ArraySlice<UInt8>, quotes: Bool) -> ArraySlice<UInt8> {
    func isOutside(_ byte: UInt8) -> Bool {
      byte == 0x20 || byte == 0x09 || (quotes && (byte == 0x27 || byte == 0x22))
    }
    var field = field.drop(while: isOutside)
    while let last = field.last, isOutside(last) { field.removeLast() }
    return field
  }
}
