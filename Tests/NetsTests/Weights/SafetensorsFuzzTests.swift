import CounterRandom
import Foundation
import Nets
import TestSupport
import Testing

/// Random files: each is read as the format means it, or refused with an error that names the file.
///
/// `AVER_FUZZ_ROUNDS` is the number of files of each test, `AVER_TEST_SEED` repeats a failure.
@Suite struct SafetensorsFuzzTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["AVER_FUZZ_ROUNDS"].flatMap(Int.init) ?? 500

  @Test func mutationsOfAFileAreReadOrRefused() throws {
    let seed = propertySeed("mutations of a weights file")
    let original = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: WeightsFile.goldenPath("format"))))
    var refused = 0
    for round in 0..<Self.rounds {
      var random = CounterRandom(seed: seed, index: round, purpose: .weightInitialisation)
      refused += try isRefused(mutated(original, using: &random), "seed \(seed), round \(round)")
    }
    #expect(refused > Self.rounds / 2, "seed \(seed): most mutations must be noticed")
  }

  @Test func headersOfHostilePartsAreReadOrRefused() throws {
    let seed = propertySeed("headers of hostile parts")
    var refused = 0
    for round in 0..<Self.rounds {
      var hostile = HostileHeader(
        random: CounterRandom(seed: seed, index: round, purpose: .weightInitialisation))
      refused += try isRefused(hostile.file(), "seed \(seed), round \(round)")
    }
    #expect(refused > Self.rounds / 2, "seed \(seed): most headers are wrong")
    #expect(refused < Self.rounds, "seed \(seed): some headers are right")
  }

  /// 1 for a file that is refused; what is read must be all of the file, and survive a round trip.
  private func isRefused(_ bytes: [UInt8], _ comment: Comment) throws -> Int {
    try WeightsFile.with(bytes) { path in
      let tensors: [Tensor]
      do {
        tensors = try Safetensors.read(path: path)
      } catch let error as WeightsError {
        #expect(error.file == path, comment)
        return 1
      }
      #expect(Set(tensors.map(\.name)).count == tensors.count, comment)
      for tensor in tensors {
        #expect(tensor.floats().count == tensor.shape.reduce(1, *), comment)
      }
      let header = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      let dataBytes = tensors.reduce(0) { $0 + $1.bytes.count }
      #expect(8 + header + dataBytes == bytes.count, comment)
      try Safetensors.write(tensors, to: path)
      let again = try Safetensors.read(path: path)
      #expect(again.sorted { $0.name < $1.name } == tensors.sorted { $0.name < $1.name }, comment)
      return 0
    }
  }

  /// One to four edits, most of them in the header, where the parser works.
  private func mutated(_ original: [UInt8], using random: inout CounterRandom) -> [UInt8] {
    let structural = Array("{}[]\",:\\0123456789-.eEu\u{0}".utf8)
    var bytes = original
    for _ in 0...random.integer(below: 4) {
      // What is shorter has no header left to edit.
      guard bytes.count > 9 else { break }
      let position = random.integer(below: bytes.count)
      switch random.integer(below: 8) {
      case 0: bytes[position] = UInt8(random.integer(below: 256))
      case 1: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
      case 2: bytes.remove(at: position)
      case 3: bytes.insert(structural[random.integer(below: structural.count)], at: position)
      case 4: bytes.replaceSubrange(position..<min(position + 9, bytes.count), with: bytes[..<9])
      case 5: bytes.replaceSubrange(..<8, with: WeightsFile.length(random.next()))
      case 6: bytes.removeLast(random.integer(below: bytes.count - 8))
      default: bytes[position] = structural[random.integer(below: structural.count)]
      }
    }
    return bytes
  }
}

/// A weights file whose header is well-formed, or nearly, and whose values are where readers break:
/// at the ends of number types, next to and inside other tensors, beyond the file.
private struct HostileHeader {
  var random: CounterRandom

  private static let numbers = [
    "0", "1", "2", "4", "8", "16", "2147483648", "4294967296", "4611686018427387904",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "-1", "-0", "1e3", "1.0",
    "01", "null", "\"4\"", "[4]", "",
  ]
  private static let names = [
    "a", "b", "a", "", "__metadata__", "\\u0061", "é", "e\u{301}", "\\ud83d\\ude00", "\\ud83d",
    "\\",
    "\u{0}", String(repeating: "n", count: 600), "😀", "layer.weight",
  ]

  mutating func file() -> [UInt8] {
    var offset = 0
    let members = (0..<random.integer(below: 4)).map { _ in member(&offset) }
    var header = "{\(members.joined(separator: ","))}"
    if isRare() { header = nested() }
    var bytes = WeightsFile.bytes(header, dataBytes: isRare() ? random.integer(below: 40) : offset)
    if isRare() {
      // A length that is wrong by a little, or by all that there is.
      let length = UInt64(header.utf8.count)
      let wrong = [0, length &- 1, length + 1, UInt64(bytes.count), 1 << 62, .max]
      bytes.replaceSubrange(..<8, with: WeightsFile.length(wrong[random.integer(below: 6)]))
    }
    return bytes
  }

  /// Something is wrong with few parts, so that every part is sometimes the only one.
  private mutating func isRare() -> Bool { random.integer(below: 12) == 0 }

  private mutating func choice(of list: [String]) -> String {
    list[random.integer(below: list.count)]
  }

  private mutating func member(_ offset: inout Int) -> String {
    let name = isRare() ? choice(of: Self.names) : "t\(offset)_\(random.integer(below: 100))"
    let type = TensorType.allCases[random.integer(below: TensorType.allCases.count)]
    let shape = (0..<random.integer(below: 4)).map { _ in random.integer(below: 4) }
    let begin = offset
    offset += shape.reduce(type.byteCount, *)
    let parts = [
      "\"dtype\":\"\(isRare() ? choice(of: Self.names) : type.rawValue)\"",
      "\"shape\":\(list(shape))",
      "\"data_offsets\":\(list([begin, offset]))",
    ]
    return "\"\(name)\":{\(parts.shuffled(using: &random).joined(separator: ","))}"
  }

  private mutating func list(_ values: [Int]) -> String {
    var texts = values.map(String.init)
    for index in texts.indices where isRare() { texts[index] = choice(of: Self.numbers) }
    if isRare() { texts.append(choice(of: Self.numbers)) }
    return "[\(texts.joined(separator: ","))]"
  }

  private mutating func nested() -> String {
    let depth = 1 + random.integer(below: 2000)
    let opening = ["[", "{\"a\":", "{\"t\":{\"shape\":["][random.integer(below: 3)]
    return "{\"t\":" + String(repeating: opening, count: depth)
  }
}
