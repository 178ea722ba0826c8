import Foundation

@testable import Media

/// Red, green and blue of a buffer, without the fourth byte.
func colours(_ pixels: PixelBuffer) -> [UInt8] {
  pixels.bytes.enumerated().filter { $0.offset % 4 != 3 }.map(\.element)
}

func largestDifference(_ first: [UInt8], _ second: [UInt8]) -> Int {
  guard first.count == second.count else { return .max }
  return zip(first, second).map { abs(Int($0) - Int($1)) }.max() ?? .max
}

/// A folder for one test, removed at its end.
final class Scratch {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String, _ content: some Sequence<UInt8>) throws -> String {
    let url = folder.appending(path: name)
    try Data(content).write(to: url)
    return url.path
  }
}
