import Foundation
import Media
import Testing

@testable import Datasets

/// A folder with data sets of tiny images, sounds and films.
struct VerifiedFolder {
  let scratch: Scratch
  var path: String { scratch.path }

  init(_ scratch: Scratch) { self.scratch = scratch }

  init() throws { self.init(try Scratch()) }

  /// Writes an image; the same shade gives the same bytes.
  func image(_ name: String, shade: UInt8, width: Int = 24, height: Int = 16) throws {
    let pixels = PixelBuffer(width: width, height: height)
    for index in pixels.bytes.indices {
      pixels.bytes[index] = UInt8(truncatingIfNeeded: Int(shade) * 7 + index * 3)
    }
    // The bytes are the encoder's own.
    let encoder = try JPEGEncoder()
    try file(name, [UInt8](try encoder.encode(pixels, quality: 90)))
    withExtendedLifetime(encoder) {}
  }

  func file(_ name: String, _ content: [UInt8]) throws { _ = try scratch.file(name, content) }

  func file(_ name: String, _ content: String) throws { _ = try scratch.file(name, content) }

  /// Cuts a file in the middle.
  func truncate(_ name: String) throws {
    let url = URL(filePath: "\(path)/\(name)")
    let whole = try Data(contentsOf: url)
    try whole.prefix(whole.count / 2).write(to: url)
  }

  func sound(_ name: String, seconds: Double, pitch: Float) throws {
    try file(name, "")
    let writer = try WAVWriter("\(path)/\(name)", rate: 16_000)
    try writer.write((0..<Int(seconds * 16_000)).map { 0.5 * sin(Float($0) * pitch) })
    try writer.close()
  }

  func film(_ name: String, seconds: Double) throws {
    try file(name, "")
    let film = try VideoWriter("\(path)/\(name)", .init(size: ImageSize(width: 32, height: 32)))
    let pixels = PixelBuffer(width: 32, height: 32)
    for frame in 0..<Int(seconds * 25) {
      for index in pixels.bytes.indices {
        pixels.bytes[index] = UInt8(truncatingIfNeeded: frame * 5 + index)
      }
      try film.append(pixels)
    }
    try film.finish()
  }

  /// A list of AffectNet's first release; the images are those of the shades.
  func affectNet(_ list: String, _ shades: [UInt8], extraRows: [String] = []) throws {
    for shade in shades { try image("\(images(list))/\(shade).jpg", shade: shade) }
    let rows = shades.enumerated().map { index, shade in
      "\(images(list))/\(shade).jpg,0,0,24,16,,\(index % 8),\(Double(index % 3) / 2 - 0.5),"
        + (index == 0 ? "-2" : "0.25")
    }
    let header = AffectNetColumns.header.joined(separator: ",")
    try file(list, ([header] + rows + extraRows).joined(separator: "\n"))
  }

  private func images(_ list: String) -> String { "images-\(list.prefix { $0 != "." })" }

  func verify(
    _ name: String = "", _ change: (inout Verification.Options) -> Void = { _ in }
  ) throws -> VerificationReport {
    var options = Verification.Options()
    options.threads = 2
    change(&options)
    return try Verification(name.isEmpty ? path : "\(path)/\(name)", options: options).run()
  }

  /// The findings without the folder's name.
  func findings(_ report: VerificationReport) -> [String] {
    report.findings.map { "\($0.kind): \($0)".replacing("\(path)/", with: "") }
  }
}

extension VerificationReport {
  /// How many findings there are, without those of which there are none.
  var present: [String: Int] { counts.filter { $0.value > 0 } }
}
