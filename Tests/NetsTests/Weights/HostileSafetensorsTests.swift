import Foundation
import Nets
import Testing

/// Files that a broken disk or an attacker could present: each is one typed error, none is a trap.
@Suite struct HostileSafetensorsTests {
  static let four = #""t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#

  static let none = #""t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#

  static let headers: [(String, String, dataBytes: Int)] = [
    ("no object", "[]", 0),
    ("no JSON", "", 0),
    ("text after the object", "{}x", 0),
    ("a second object", "{}{}", 0),
    ("an unterminated object", "{\(four)", 4),
    ("a trailing comma", "{\(four),}", 4),
    ("a duplicate tensor", "{\(none),\(none)}", 0),
    (
      "a duplicate key", #"{"t":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4
    ),
    ("an unknown key", #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4),
    ("a missing key", #"{"t":{"dtype":"F32","shape":[1]}}"#, 4),
    ("duplicate metadata", #"{"__metadata__":{"a":"","a":""}}"#, 0),
    ("metadata that is no string", #"{"__metadata__":{"a":1}}"#, 0),
    ("an unknown type", #"{"t":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}"#, 4),
    ("a shape beyond memory", shape("[4294967296,4294967296,4294967296]"), 4),
    ("a number beyond 64 bits", shape("[18446744073709551617]"), 4),
    ("a negative extent", shape("[-1]"), 4),
    ("a fractional extent", shape("[1.0]"), 4),
    ("an exponent", shape("[1e0]"), 4),
    ("a leading zero", shape("[01]"), 4),
    ("too many axes", shape("[\(String(repeating: "1,", count: 32))1]"), 4),
    ("a size that does not match", shape("[2]"), 4),
    ("data beyond the end", "{\(four)}", 3),
    ("trailing bytes", "{\(four)}", 5),
    ("data without tensors", "{}", 1),
    ("offsets that run backwards", offsets("[4,0]"), 4),
    ("three offsets", offsets("[0,4,4]"), 4),
    ("an offset beyond 63 bits", offsets("[0,9223372036854775808]"), 4),
    ("a gap", offsets("[4,8]"), 8),
    (
      "an overlap",
      #"{\#(four),"u":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, 6
    ),
    (
      "tensors sharing data", #"{\#(four),"u":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4
    ),
    ("half a surrogate pair", #"{"\ud800":{}}"#, 0),
    ("a wrong escape", #"{"\q":{}}"#, 0),
    ("a signed hexadecimal", #"{"\u+123":{}}"#, 0),
    ("a control character", "{\"a\nb\":{}}", 0),
    ("objects in objects", String(repeating: "{\"a\":", count: 100_000), 0),
    ("lists in lists", "{\"t\":{\"shape\":" + String(repeating: "[", count: 100_000), 0),
    ("a long name", "{\"\(String(repeating: "n", count: 513))\":{}}", 0),
    ("a long type", shape("[1]").replacing("F32", with: String(repeating: "F", count: 513)), 4),
    ("a long metadata key", #"{"__metadata__":{"\#(String(repeating: "n", count: 513))":""}}"#, 0),
  ]

  static let mistakesOfATensor: [(String, dataBytes: Int)] = [
    (shape("[1.0]"), 4), (shape("[4294967296,4294967296]"), 4), (shape("[2]"), 4),
    (shape("[[1]]"), 4),
    (offsets("[4,0]"), 4), (offsets("[0,9223372036854775808]"), 4), (offsets("[4,8]"), 8),
    (offsets("[0,8]"), 4), (#"{"t":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"t":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, 4), (#"{"t":{"dtype":"F32"}}"#, 4),
    (#"{"t":[]}"#, 0), ("{\(none),\(none)}", 0),
  ]

  private static func shape(_ text: String) -> String {
    #"{"t":{"dtype":"F32","shape":\#(text),"data_offsets":[0,4]}}"#
  }

  private static func offsets(_ text: String) -> String {
    #"{"t":{"dtype":"F32","shape":[1],"data_offsets":\#(text)}}"#
  }

  @Test(arguments: headers)
  func isRefused(what: String, header: String, dataBytes: Int) throws {
    try WeightsFile.with(WeightsFile.bytes(header, dataBytes: dataBytes)) { path in
      let error = #expect(throws: WeightsError.self, "\(what)") { try Safetensors.read(path: path) }
      #expect(error?.file == path)
    }
  }

  @Test(arguments: mistakesOfATensor)
  func theErrorNamesTensorAndFile(header: String, dataBytes: Int) throws {
    try WeightsFile.with(WeightsFile.bytes(header, dataBytes: dataBytes)) { path in
      let error = #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
      #expect(error?.tensor == "t")
      #expect(error?.description.hasPrefix("\(path): tensor \"t\": ") == true)
    }
  }

  /// Comparing names puts their accents in order, which takes the square of their number.
  @Test(.timeLimit(.minutes(1))) func aNameOfAMillionAccentsIsRefusedAtOnce() throws {
    let accents = String(repeating: "\u{301}\u{323}", count: 500_000)
    try WeightsFile.with(WeightsFile.bytes("{\"a\(accents)\":{}}")) { path in
      #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
    }
  }

  @Test(.timeLimit(.minutes(1))) func aPipeIsNotWaitedFor() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("aver-\(UUID().uuidString).pipe").path
    try #require(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
  }

  /// With holes instead of data, so that it takes no disk.
  @Test func aFileLargerThanTheMemoryIsRefused() throws {
    let bytes = 1 << 42
    let header = #"{"t":{"dtype":"U8","shape":[\#(bytes)],"data_offsets":[0,\#(bytes)]}}"#
    try WeightsFile.with(WeightsFile.bytes(header)) { path in
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      try handle.truncate(atOffset: UInt64(8 + header.utf8.count + bytes))
      try handle.close()
      let reader = try SafetensorsReader(path: path)
      for read in [{ try reader.tensors() }, { [try reader.tensor("t")] }] {
        let error = #expect(throws: WeightsError.self) { try read() }
        #expect(error?.description.contains("\(bytes) bytes of data are more than") == true)
      }
    }
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    let header = Array("{\"".utf8) + [0xC3, 0x28] + Array("\":{}}".utf8)
    try WeightsFile.with(WeightsFile.bytes(header)) { path in
      #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = WeightsFile.bytes("{\(Self.four)}", dataBytes: 4)
    for length in 0..<whole.count {
      try WeightsFile.with(Array(whole[..<length])) { path in
        #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
      }
    }
  }

  @Test(arguments: [100_000_001, 1 << 40, UInt64(Int.max), .max])
  func aHeaderLengthBeyondTheLimitIsRefused(length: UInt64) throws {
    let bytes = withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + Array("{}".utf8)
    try WeightsFile.with(bytes) { path in
      #expect(throws: WeightsError(file: path, .headerTooLong(bytes: length, limit: 100_000_000))) {
        try Safetensors.read(path: path)
      }
    }
  }

  @Test func messagesNameFileAndTensor() {
    let error = WeightsError(
      file: "a.safetensors", tensor: "fc.weight", .wrongShape([8], wanted: [8, 512]))
    #expect(
      error.description
        == "a.safetensors: tensor \"fc.weight\": the shape is [8], not [8, 512]")
  }
}
