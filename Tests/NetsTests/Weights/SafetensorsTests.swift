import CounterRandom
import Foundation
import Nets
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  @Test func whatPythonWroteIsRead() throws {
    let file = try Goldens("format")
    #expect(file.metadata == ["writér": "safetensors for Python ✓"])
    #expect(file.names.count == 11)
    #expect(try file.floats("f32") == [1.5, -2.25, 0, 3.0e38, .leastNonzeroMagnitude, 0])
    #expect(try file.floats("f32")[5].sign == .minus)
    #expect(try file.shape("f32") == [2, 3])
    #expect(try file.floats("bf16") == [1, -3.140625, 65280])
    #expect(try file.floats("f16") == [1, -0.33325195, 65504])
    #expect(try file.floats("f64") == [0.1, -.infinity])
    #expect(try file.tensor("i64").integers() == [1 << 62, -1])
    #expect(try file.tensor("i32").integers() == [7, -8])
    #expect(try file.tensor("u8").integers() == [0, 255, 3])
    #expect(try file.tensor("bool").integers() == [1, 0, 1])
    #expect(try file.floats("scalar") == [42])
    #expect(try file.shape("scalar") == [])
    #expect(try file.shape("empty") == [0, 3])
    #expect(try file.floats("a \"quoted\" \\ name\né😀") == [5])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let tensors = try Safetensors.read(path: goldenPath("format"))
    try withFile([]) { path in
      let metadata = ["a\u{1}b": "line\nbreak", "empty": ""]
      try Safetensors.write(tensors, metadata: metadata, to: path, synchronise: true)
      let reader = try SafetensorsReader(path: path)
      #expect(reader.metadata == metadata)
      #expect(Set(reader.names) == Set(tensors.map(\.name)))
      for tensor in tensors { #expect(try reader.tensor(tensor.name) == tensor) }
    }
  }

  @Test func theSameTensorsInAnyOrderGiveTheSameBytes() throws {
    let tensors = try Safetensors.read(path: goldenPath("format"))
    #expect(try bytes(of: tensors) == bytes(of: tensors.reversed()))
  }

  @Test func dataBeginsAtAMultipleOfEight() throws {
    for nameLength in 1...9 {
      let name = String(repeating: "n", count: nameLength)
      let written = try bytes(of: [Tensor(name: name, shape: [1], floats: [1])])
      #expect((written.count - 4) % 8 == 0)
    }
  }

  @Test func twoTensorsOfOneNameAreNotWritten() throws {
    let tensor = try Tensor(name: "t", shape: [1], floats: [1])
    try withFile([]) { path in
      #expect(throws: WeightsError(file: path, tensor: "t", .duplicateName)) {
        try Safetensors.write([tensor, tensor], to: path)
      }
    }
  }

  @Test func aTensorChangedIntoAnImpossibleOneIsNotWritten() throws {
    var tensor = try Tensor(name: "t", shape: [1], floats: [1])
    tensor.shape = [3]
    try withFile([]) { path in
      #expect(throws: WeightsError.self) { try Safetensors.write([tensor], to: path) }
    }
  }

  @Test func whatCannotBeOpenedIsNamed() throws {
    let missing = "/nonexistent/model.safetensors"
    let expected = WeightsError(
      file: missing, .system(call: "open", text: "No such file or directory"))
    #expect(throws: expected) { try Safetensors.read(path: missing) }
    #expect(expected.description == "\(missing): open failed: No such file or directory")
    #expect(throws: expected) { try Safetensors.write([], to: missing) }
    #expect(throws: WeightsError.self) { try Safetensors.read(path: "/") }
  }

  @Test func aFileWithoutTensorsIsValid() throws {
    let tensors = try withFile(file("{}")) { try Safetensors.read(path: $0) }
    #expect(tensors.isEmpty)
  }

  private func bytes(of tensors: [Tensor]) throws -> [UInt8] {
    try withFile([]) { path in
      try Safetensors.write(tensors, metadata: ["b": "1", "a": "2"], to: path)
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
  }
}

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
  ]

  private static func shape(_ text: String) -> String {
    #"{"t":{"dtype":"F32","shape":\#(text),"data_offsets":[0,4]}}"#
  }

  private static func offsets(_ text: String) -> String {
    #"{"t":{"dtype":"F32","shape":[1],"data_offsets":\#(text)}}"#
  }

  @Test(arguments: headers)
  func isRefused(what: String, header: String, dataBytes: Int) throws {
    try withFile(file(header, dataBytes: dataBytes)) { path in
      let error = #expect(throws: WeightsError.self, "\(what)") { try Safetensors.read(path: path) }
      #expect(error?.file == path)
    }
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    let header = Array("{\"".utf8) + [0xC3, 0x28] + Array("\":{}}".utf8)
    try withFile(file(header)) { path in
      #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = file("{\(Self.four)}", dataBytes: 4)
    for length in 0..<whole.count {
      try withFile(Array(whole[..<length])) { path in
        #expect(throws: WeightsError.self) { try Safetensors.read(path: path) }
      }
    }
  }

  @Test(arguments: [100_000_001, 1 << 40, UInt64(Int.max), .max])
  func aHeaderLengthBeyondTheLimitIsRefused(length: UInt64) throws {
    let bytes = withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + Array("{}".utf8)
    try withFile(bytes) { path in
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

  @Test(arguments: [UInt64(1), 2, UInt64.random(in: 0..<(1 << 32))])
  func randomMutationsAreReadOrRefused(seed: UInt64) throws {
    print("mutations of a weights file: seed \(seed)")
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: goldenPath("format"))))
    var refused = 0
    for round in 0..<500 {
      var random = CounterRandom(seed: seed, index: round, purpose: .weightInitialisation)
      try withFile(mutated(original, using: &random)) { path in
        do {
          _ = try Safetensors.read(path: path).map { $0.floats() }
        } catch is WeightsError {
          refused += 1
        }
      }
    }
    #expect(refused > 250, "seed \(seed): most mutations must be noticed")
  }

  /// One to four edits, most of them in the header, where the parser works.
  private func mutated(_ original: [UInt8], using random: inout CounterRandom) -> [UInt8] {
    let structural = Array("{}[]\",:\\0123456789-.eEu\u{0}".utf8)
    var bytes = original
    for _ in 0...random.integer(below: 4) {
      let position = random.integer(below: bytes.count)
      switch random.integer(below: 6) {
      case 0: bytes[position] = UInt8(random.integer(below: 256))
      case 1: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
      case 2: bytes.remove(at: position)
      case 3: bytes.insert(structural[random.integer(below: structural.count)], at: position)
      case 4: bytes.replaceSubrange(position..<min(position + 9, bytes.count), with: bytes[..<9])
      default: bytes[position] = structural[random.integer(below: structural.count)]
      }
    }
    return bytes
  }
}

private func goldenPath(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens/\(name).safetensors").path
}

private func file(_ header: some Sequence<UInt8>, dataBytes: Int = 0) -> [UInt8] {
  let header = Array(header)
  return withUnsafeBytes(of: UInt64(header.count).littleEndian) { [UInt8]($0) } + header
    + [UInt8](repeating: 0, count: dataBytes)
}

private func file(_ header: String, dataBytes: Int = 0) -> [UInt8] {
  file(header.utf8, dataBytes: dataBytes)
}

/// Calls `body` with the path of a temporary file of `content`, which is removed afterwards.
@discardableResult
private func withFile<Result>(
  _ content: [UInt8], _ body: (String) throws -> Result
) throws -> Result {
  let url = FileManager.default.temporaryDirectory
    .appendingPathComponent("aver-\(UUID().uuidString).safetensors")
  try Data(content).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}
