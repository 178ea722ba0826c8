import Foundation

/// A shared library of this process that matters for speed or results.
public struct LoadedLibrary: Codable, Equatable, Sendable {
  /// The file's name with all links resolved, such as "libdnnl.so.2.6".
  public var file: String
  /// The version that the library states about itself, where its file name does not tell.
  public var statedVersion: String?

  /// What to look for, and how a library introduces its version in its own data; nil where the file
  /// name already carries it.
  static let interesting: [(prefix: String, introduction: String?)] = [
    ("libmpi.so", nil),
    ("libdnnl.so", nil),
    ("libgomp.so", nil),
    ("libturbojpeg.so", "libjpeg-turbo version "),
    ("libavcodec.so", "FFmpeg version "),
    ("libcrypto.so", "OpenSSL "),
  ]

  /// The interesting ones among the files that a text in the form of /proc/self/maps names.
  static func inMaps(_ maps: String, contents: (String) -> Data?) -> [LoadedLibrary] {
    let paths = Set(maps.split(separator: "\n").compactMap { $0.split(separator: " ").last })
    return interesting.compactMap { prefix, introduction in
      guard let path = paths.first(where: { fileName($0).hasPrefix(prefix) }) else { return nil }
      let stated = introduction.flatMap { text in
        contents(String(path)).flatMap { version(after: text, in: $0) }
      }
      return LoadedLibrary(file: fileName(path), statedVersion: stated)
    }
  }

  /// The digits and points that follow `introduction` where it first stands before a digit.
  static func version(after introduction: String, in data: Data) -> String? {
    let pattern = Data(introduction.utf8)
    var start = data.startIndex
    while let found = data.range(of: pattern, in: start..<data.endIndex) {
      let digits = data[found.upperBound...].prefix { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
      }
      if !digits.isEmpty {
        return String(decoding: digits, as: UTF8.self)
      }
      start = found.upperBound
    }
    return nil
  }

  private static func fileName(_ path: Substring) -> String {
    path.split(separator: "/").last.map(String.init) ?? ""
  }
}
