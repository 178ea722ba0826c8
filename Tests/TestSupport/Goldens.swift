import Foundation
import Nets

/// A golden file: what PyTorch computed, by name (see `Tests/NetsTests/Goldens/README.md`).
public struct Goldens {
  /// The file's metadata: attributes of the cases, PyTorch's own errors.
  public var metadata: [String: String] { reader.metadata }
  /// All names in the file.
  public var names: [String] { reader.names }

  private let reader: SafetensorsReader

  /// The committed golden file `name`, without its extension.
  public init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("NetsTests/Goldens")
    try self.init(path: folder.appendingPathComponent("\(name).safetensors").path)
  }

  /// The golden file at `path`.
  public init(path: String) throws {
    reader = try SafetensorsReader(path: path)
  }

  /// The large golden file `name` in the folder that `AVER_FULL_GOLDENS` names; nil where it is unset.
  public static func full(_ name: String) throws -> Goldens? {
    guard let folder = ProcessInfo.processInfo.environment["AVER_FULL_GOLDENS"] else { return nil }
    return try Goldens(path: "\(folder)/\(name).safetensors")
  }

  /// One tensor.
  public func tensor(_ name: String) throws -> Tensor { try reader.tensor(name) }

  /// One tensor's elements as float32, row-major.
  public func floats(_ name: String) throws -> [Float] { try tensor(name).floats() }

  /// One tensor's extents.
  public func shape(_ name: String) throws -> [Int] { try tensor(name).shape }

  /// The tensors below `prefix/`, named without it.
  public func tensors(under prefix: String) throws -> [Tensor] {
    try names.filter { $0.hasPrefix(prefix + "/") }.map { name in
      var tensor = try reader.tensor(name)
      tensor.name = String(name.dropFirst(prefix.count + 1))
      return tensor
    }
  }

  /// The cases of an operation: `3x3`, `7x7-stride2`, … for `convolution`.
  public func cases(of operation: String) -> [String] {
    metadata.keys.filter { $0.hasPrefix(operation + "/") }
      .map { String($0.dropFirst(operation.count + 1)) }.sorted()
  }

  /// The numbers that describe a case: stride, padding, epsilon, …
  public func attributes(_ operation: String, _ name: String) throws -> [String: Double] {
    let json = metadata["\(operation)/\(name)"] ?? "{}"
    return try JSONDecoder().decode([String: Double].self, from: Data(json.utf8))
  }

  /// A metadata entry that is a number, such as `bf16_error/fc.weight`.
  public func number(_ key: String) -> Double? { metadata[key].flatMap(Double.init) }

  /// A metadata entry that is a comma-separated list of integers, such as `widths`.
  public func integers(_ key: String) -> [Int] {
    (metadata[key] ?? "").split(separator: ",").compactMap { Int($0) }
  }
}
