import CounterRandom
import Foundation
import Testing

@testable import Datasets

/// A file as NumPy writes it: the header padded to a multiple of 64 bytes, its length, the data.
func numpyFile(
  _ type: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1,
  header: String? = nil
) -> [UInt8] {
  var text = header ?? "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
  let start = version == 1 ? 10 : 12
  text += String(repeating: " ", count: 63 - (start + text.utf8.count) % 64) + "\n"
  let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(text.utf8.count >> (8 * $0) & 0xFF) }
  return [0x93] + [UInt8]("NUMPY".utf8) + [version, 0] + length + [UInt8](text.utf8) + data
}

/// A number in UTF-32, padded to `length` characters.
func codePoints(_ text: String, length: Int) -> [UInt8] {
  text.unicodeScalars.flatMap { scalar in (0..<4).map { UInt8(scalar.value >> (8 * $0) & 0xFF) } }
    + [UInt8](repeating: 0, count: 4 * (length - text.unicodeScalars.count))
}

private func reason(_ bytes: [UInt8], most: Int = 1) -> String {
  do throws(NumPyArray.Problem) {
    _ = try NumPyArray(bytes, most: most).scalar()
    return ""
  } catch {
    return error.reason
  }
}

@Suite struct NumPyTests {
  @Test(arguments: [
    ("<f8", [0, 0, 0, 0, 0, 0, 0xF8, 0xBF], -1.5), (">f8", [0xBF, 0xF8, 0, 0, 0, 0, 0, 0], -1.5),
    ("<f4", [0, 0, 0x20, 0x40], 2.5), (">f4", [0x40, 0x20, 0, 0], 2.5), ("<f2", [0, 0x3E], 1.5),
    ("<i8", [254, 255, 255, 255, 255, 255, 255, 255], -2), ("<i4", [7, 0, 0, 0], 7),
    (">i2", [0xFF, 0xFE], -2), ("|i1", [0xFE], -2), ("|u1", [0xFE], 254),
    (">u4", [0, 0, 1, 0], 256), ("<U1", [0x37, 0, 0, 0], 7), (">U1", [0, 0, 0, 0x37], 7),
    ("|S5", [0x2D, 0x30, 0x2E, 0x35, 0], -0.5),
    ("<U6", codePoints("-0.25", length: 6), -0.25),
  ])
  func everyTypeOfNumberIsRead(type: String, data: [UInt8], value: Double) throws {
    for shape in ["()", "(1,)", "(1, 1)", "(1L,)"] {
      for version: UInt8 in 1...3 {
        let array = try NumPyArray(numpyFile(type, shape, data, version: version), most: 1)
        #expect(try array.scalar() == value, "\(shape), version \(version)")
      }
    }
  }

  /// What NumPy 2.4 itself writes for an array of text, of one double, of another byte order in
  /// version 3.0, and of bytes.
  @Test(arguments: [
    (
      "k05VTVBZAQB2AHsnZGVzY3InOiAnPFU1JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAotAAAAMAAAAC4AAAAyAAAANQAAAA==",
      -0.25
    ),
    (
      "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADoPw==",
      0.75
    ),
    (
      "k05VTVBZAwB0AAAAeydkZXNjcic6ICc+aTQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAH",
      7
    ),
    (
      "k05VTVBZAQB2AHsnZGVzY3InOiAnfFMxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoz",
      3
    ),
  ])
  func filesOfNumPyAreRead(base64: String, value: Double) throws {
    let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
    #expect(try NumPyArray(bytes, most: 1).scalar() == value)
  }

  @Test func arraysKeepShapeAndOrder() throws {
    let array = try NumPyArray(numpyFile("|u1", "(2, 3)", [1, 2, 3, 4, 5, 6]), most: 6)
    #expect(array.shape == [2, 3] && array.values == [1, 2, 3, 4, 5, 6])
  }

  @Test func headerMayBeWrittenInAnyOrderAndQuotes() throws {
    let header = #"{"shape":(),"descr":"|u1" , 'fortran_order' : True}"#
    #expect(try NumPyArray(numpyFile("", "", [9], header: header), most: 1).scalar() == 9)
  }

  @Test(arguments: [
    ([], "is not a NumPy array (.npy)"),
    ([UInt8]("PK\u{3}\u{4}0000000000".utf8), "is not a NumPy array (.npy)"),
    (
      numpyFile("|u1", "()", [1], version: 4),
      "is of version 4.0 of the .npy format; known are 1.0 to 3.0"
    ),
    ([UInt8](numpyFile("|u1", "()", [1]).prefix(40)), "ends within its header"),
    (numpyFile("|u1", "()", []), "has 0 bytes of data where 1 numbers of type '|u1' have 1"),
    (numpyFile("|u1", "()", [1, 2]), "has 2 bytes of data where 1 numbers of type '|u1' have 1"),
    (numpyFile("|u1", "(2,)", [1, 2]), "holds 2 numbers; expected are at most 1"),
    (numpyFile("|u1", "(0,)", []), "holds 0 numbers where one is expected"),
    (
      numpyFile("|u1", "(4294967296, 4294967296)", []),
      "holds 4294967296x4294967296 numbers; expected are at most 1"
    ),
    (
      numpyFile("|O", "()", [1]),
      "holds Python objects ('|O'), which only running them could read; save it as numbers"
    ),
    (numpyFile("<M8", "()", [1]), "'<M8' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("<f3", "()", [1]), "'<f3' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("f8", "()", [1]), "'f8' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("<U0", "()", []), "'<U0' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("<U-1", "()", []), "'<U-1' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("<U999", "()", []), "'<U999' is not a type of numbers (such as <f8, <i8 or <U5)"),
    (numpyFile("|S5", "()", [UInt8]("happy".utf8)), "'happy' is not a number"),
    (numpyFile("<U2", "()", codePoints("1\u{661}", length: 2)), "'1\u{FFFD}' is not a number"),
    (numpyFile("|S3", "()", [0x31, 0, 0x32]), "'1\u{FFFD}2' is not a number"),
    (
      numpyFile(
        "", "", [], header: "{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': ()}"),
      "holds records with fields where plain numbers are expected"
    ),
    (
      numpyFile("", "", [], header: "{'descr': '|u1', 'shape': ()}"),
      "the header is broken: a missing descr, fortran_order or shape"
    ),
    (
      numpyFile("", "", [], header: "{'descr': '|u1', 'descr': '|u1'}"),
      "the header is broken: the key 'descr'"
    ),
    (numpyFile("", "", [], header: "{'x': 1}"), "the header is broken: the key 'x'"),
    (numpyFile("|u1", "(-1,)", []), "the header is broken: '-1,), }         ' in the shape"),
    (numpyFile("|u1", "(1,1,1,1,1,1,1,1,1)", [1]), "the header is broken: too many axes"),
    (
      numpyFile("", "", [], header: "{'descr': '|u1', 'fortran_order': False, 'shape': ()} x"),
      "the header is broken: what follows the dictionary"
    ),
    (numpyFile("", "", [], header: "{'descr"), "the header is broken: a string that does not end"),
  ])
  func hostileFileIsRefused(bytes: [UInt8], message: String) {
    #expect(reason(bytes) == message)
  }

  @Test func arrayByColumnsIsRefused() {
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2)}"
    #expect(
      reason(numpyFile("", "", [1, 2, 3, 4], header: header), most: 4)
        == "is stored column by column; save it with numpy.ascontiguousarray")
  }

  @Test func mutationsAreReadOrRefused() {
    let seed = formatSeed("NumPy")
    for original in [
      numpyFile("<U6", "()", codePoints("-0.25", length: 6)),
      numpyFile("<f4", "(2, 2)", [UInt8](repeating: 63, count: 16), version: 2),
    ] {
      let mutations = Mutations(seed: seed, original: original)
      for round in 0..<Mutations.rounds {
        do throws(NumPyArray.Problem) {
          let array = try NumPyArray(mutations.input(round), most: 136)
          #expect(array.values.count == array.shape.reduce(1, *), "seed \(seed), round \(round)")
          #expect(array.values.count <= 136, "seed \(seed), round \(round)")
        } catch {
          #expect(
            !error.reason.isEmpty && error.reason.utf8.count < 400, "seed \(seed), round \(round)")
        }
      }
    }
  }
}
