import CounterRandom
import Datasets
import Foundation
import Testing

/// The seed of a test with random inputs: a new one each time, printed, or that of `AVER_TEST_SEED` to
/// see a failure again.
func formatSeed(_ test: String) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["AVER_TEST_SEED"].flatMap(UInt64.init)
  let seed = given ?? UInt64.random(in: 0..<1_000_000)
  print("\(test): AVER_TEST_SEED=\(seed)")
  return seed
}

/// Inputs near the edge of a format: a right one with a few edits.
///
/// `AVER_FUZZ_ROUNDS` is the number of inputs of each test.
struct Mutations {
  static let rounds =
    ProcessInfo.processInfo.environment["AVER_FUZZ_ROUNDS"].flatMap(Int.init) ?? 400

  /// What parsers trip over: structure, ends of number types, ways out of a folder, broken UTF-8.
  private static let hostile: [[UInt8]] =
    [
      ",", ";", "\"", "'", "\n", "\r\n", "\r", "\0", "\u{FEFF}", "..", "/", "../../", "-", ".", "%",
      "@", "@data", "{", "}", "(", ")", " ", "\t", "nan", "inf", "-2", "1e308", "1e-320",
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "99999999999999999999",
      "0x1p3", "é", "😀", String(repeating: ",", count: 300), String(repeating: "9", count: 300),
    ].map { [UInt8]($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]]

  let seed: UInt64
  let original: [UInt8]

  /// The input of one round: one to four edits.
  func input(_ round: Int) -> [UInt8] {
    var random = CounterRandom(seed: seed, index: round, purpose: .syntheticFace)
    var bytes = original
    for _ in 0...random.integer(below: 4) where !bytes.isEmpty {
      let position = random.integer(below: bytes.count)
      let end = min(bytes.count, position + 1 + random.integer(below: 12))
      switch random.integer(below: 8) {
      case 0: bytes[position] = UInt8(random.integer(below: 256))
      case 1: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
      case 2: bytes.removeSubrange(position..<end)
      case 3:
        bytes.insert(contentsOf: bytes[position..<end], at: random.integer(below: bytes.count))
      case 4: bytes.removeLast(random.integer(below: bytes.count))
      case 5: bytes.replaceSubrange(position..<end, with: hostile(&random))
      default: bytes.insert(contentsOf: hostile(&random), at: position)
      }
    }
    return bytes
  }

  private func hostile(_ random: inout CounterRandom) -> [UInt8] {
    Self.hostile[random.integer(below: Self.hostile.count)]
  }

  /// Reads every mutation: each is refused with an error that names the file, or what is read holds.
  ///
  /// - Parameter read: reads the input and checks the result.
  func run(
    _ name: String, file: String, in scratch: Scratch,
    read: (_ path: String, Comment) throws -> Void
  ) throws {
    try read(try scratch.file(file, original), "\(name): the original")
    var refused = 0
    for round in 0..<Self.rounds {
      let comment = Comment(rawValue: "\(name): seed \(seed), round \(round)")
      let path = try scratch.file(file, input(round))
      do {
        try read(path, comment)
      } catch let error as DatasetError {
        refused += 1
        #expect("\(error)".contains(scratch.path), comment)
      }
    }
    #expect(refused > Self.rounds / 10, "\(name): seed \(seed): mutations must be noticed")
    #expect(refused < Self.rounds, "\(name): seed \(seed): some mutations are harmless")
  }
}
