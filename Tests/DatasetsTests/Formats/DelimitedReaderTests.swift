import CounterRandom
import Foundation
import Testing

@testable import Datasets

private func rows(
  _ text: String, _ dialect: DelimitedReader.Dialect = .commas
) throws -> [[String]] {
  let scratch = try Scratch()
  let reader = try DelimitedReader(file: try scratch.file("list", text), dialect: dialect)
  var rows: [[String]] = []
  while try reader.next() {
    rows.append((0..<reader.fieldCount).map { String(decoding: reader.field($0), as: UTF8.self) })
  }
  return rows
}

@Suite struct DelimitedReaderTests {
  @Test func firstSeparatorIsThatOfTheFile() throws {
    #expect(try rows("a;b\n1,5;2\n", .commasOrSemicolons) == [["a", "b"], ["1,5", "2"]])
    #expect(try rows("a,b\n1;5,2\n", .commasOrSemicolons) == [["a", "b"], ["1;5", "2"]])
    #expect(try rows("a;b\n") == [["a;b"]])
  }

  @Test func linesAreNotCutAndQuotesMeanNothing() throws {
    #expect(try rows("a,\"b;c\r\n\n \"d\n", .lines) == [["a,\"b;c"], ["\"d"]])
  }

  @Test func lineEndsQuotesAndBlanksMayBeMixed() throws {
    #expect(
      try rows("a, b ,c\r\n\"d\ne\",f\n\n\rg\rh,\"i\"\"j\",\nk\"l,m\n,\n\"\"\n\"n\",\r\no")
        == [
          ["a", "b", "c"], ["d\ne", "f"], ["g"], ["h", "i\"j", ""], ["k\"l", "m"], ["", ""],
          ["n", ""], ["o"],
        ])
  }

  /// To Swift a quote with an accent on it is another character than a quote.
  @Test func writtenFieldsAreReadBack() throws {
    let scratch = try Scratch()
    let fields = ["a,\"\u{301}b", "\"", "\r\n", "c\"", "", "😀"]
    let writer = try ListWriter("\(scratch.path)/list.csv")
    writer.append(fields)
    try writer.finish()
    let text = try String(contentsOfFile: "\(scratch.path)/list.csv", encoding: .utf8)
    #expect(try rows(text) == [fields])
  }

  @Test(arguments: ["\n", "\r\n", "\r"]) func rowsMayBeLongerThanAChunk(end: String) throws {
    let long = String(repeating: "x", count: 1_500_000)
    let text = (0..<5).map { "\($0),\(long),\($0)" }.joined(separator: end)
    let rows = try rows(text)
    #expect(rows.count == 5)
    for (index, row) in rows.enumerated() { #expect(row == ["\(index)", long, "\(index)"]) }
  }

  /// With CR LF, one of them lies on both sides of a chunk's end.
  @Test(arguments: ["\n", "\r\n", "\r"]) func emptyLinesCountAndAreNoRows(end: String) throws {
    let scratch = try Scratch()
    let text = "ab\n" + String(repeating: end, count: 1_200_000) + "c" + end + end + "d"
    let reader = try DelimitedReader(file: try scratch.file("list", text))
    var lines: [Int] = []
    while try reader.next() { lines.append(reader.line) }
    #expect(lines == [1, 1_200_002, 1_200_004])
  }

  @Test(arguments: ["x", ",", "\"", "\0"])
  func endlessLineIsRefused(unit: String) throws {
    let text = String(repeating: unit, count: DelimitedReader.longestRow + 9)
    let error = #expect(throws: DatasetError.self) { _ = try rows(text) }
    #expect(try "\(#require(error))".contains("list:1: "))
  }

  @Test(.timeLimit(.minutes(1)))
  func deviceAndPipeAndFolderAreRefused() throws {
    let scratch = try Scratch()
    let pipe = scratch.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in ["/dev/zero", pipe, scratch.path] {
      let error = #expect(throws: DatasetError.self) { _ = try DelimitedReader(file: path) }
      #expect(try "\(#require(error))" == "\(path): cannot be read: not a regular file")
    }
  }

  @Test func nameWithNULOpensNoOtherFile() throws {
    let scratch = try Scratch()
    let path = try scratch.file("list", "a\n")
    #expect(throws: DatasetError.self) { _ = try DelimitedReader(file: path + "\0.csv") }
  }

  /// Every number that lists write gives the double that the standard library gives.
  @Test func decimalNumbersAreThoseOfTheStandardLibrary() throws {
    let seed = formatSeed("decimal numbers")
    var random = CounterRandom(seed: seed, purpose: .syntheticFace)
    var texts = [
      "0", "-0", "0.1", "12.0", "-.5", "5.", "123456789012345", "1234567890123456", "1e3", "-1E-7",
      "0.000000000000001", "9007199254740993", "inf", "-nan", "+1",
    ]
    for _ in 0..<20_000 {
      let digits = (0..<Int.random(in: 1...18, using: &random)).map { _ in
        String(Int.random(in: 0...9, using: &random))
      }
      let point = Int.random(in: 0...digits.count, using: &random)
      texts.append(
        (Bool.random(using: &random) ? "-" : "") + digits[..<point].joined() + "."
          + digits[point...].joined())
    }
    for text in texts {
      let value = DecimalNumber.value(ArraySlice(text.utf8))
      #expect(value?.bitPattern == Double(text)?.bitPattern, "\(text), seed \(seed)")
    }
    for text in ["", "-", ".", "-.", "1.2.3", "1,5", "0x", "1 2", "--1", "1\0"] {
      #expect(DecimalNumber.value(ArraySlice(text.utf8)) == nil, "'\(text)'")
    }
  }
}
