import Foundation

/// An open safetensors file, whose tensors are read one at a time.
///
/// Opening checks the whole header: every tensor is within the file, none overlap, nothing is left
/// over. Data is read with `pread`, not mapped: a file that another process cuts short is then an
/// error and not a bus error.
public final class SafetensorsReader {
  /// The `__metadata__` of the file.
  public let metadata: [String: String]
  /// The tensors' names in the order of their data.
  public let names: [String]
  /// The file.
  public let path: String

  private let file: FileDescriptor
  private let dataOffset: Int
  private let entries: [String: SafetensorsHeader.Entry]

  /// Opens the file at `path` and checks its header.
  ///
  /// - Throws: `WeightsError` naming the file, and the tensor where one is to blame.
  public init(path: String) throws(WeightsError) {
    self.path = path
    file = try FileDescriptor(reading: path)
    let size = file.byteCount
    let headerBytes = try Self.headerBytes(of: file, size: size, path: path)
    dataOffset = 8 + headerBytes
    let header = try SafetensorsHeader(
      json: file.read(headerBytes, at: 8), dataBytes: size - dataOffset, file: path)
    metadata = header.metadata
    names = header.entries.map(\.name)
    // The header has checked that names are unique.
    entries = Dictionary(
      header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What the header says of the tensors, in the order of their data.
  public var descriptions: [TensorDescription] {
    names.compactMap { entries[$0] }.map {
      TensorDescription(name: $0.name, type: $0.type, shape: $0.shape)
    }
  }

  /// Reads one tensor.
  ///
  /// - Throws: `WeightsError` when there is none of this name or the file cannot be read.
  public func tensor(_ name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw WeightsError(file: path, tensor: name, .missingTensor)
    }
    try requireMemory(bytes: entry.range.count, tensor: name)
    let bytes = try file.read(entry.range.count, at: dataOffset + entry.range.lowerBound)
    return try Tensor(name: name, type: entry.type, shape: entry.shape, bytes: bytes)
  }

  /// Reads a part of a tensor, little-endian, into memory of the caller's.
  ///
  /// - Parameters:
  ///   - bytes: of the tensor's own, counted from its first.
  ///   - buffer: as many.
  /// - Throws: `WeightsError` when there is none of this name, it has fewer bytes or the file cannot
  ///   be read.
  public func read(
    _ name: String, bytes: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
  ) throws(WeightsError) {
    precondition(bytes.lowerBound >= 0 && bytes.count == buffer.count)
    guard let entry = entries[name] else {
      throw WeightsError(file: path, tensor: name, .missingTensor)
    }
    guard bytes.upperBound <= entry.range.count else {
      throw WeightsError(
        file: path, tensor: name,
        .truncated(bytes: entry.range.count, needed: bytes.upperBound))
    }
    try file.read(into: buffer, at: dataOffset + entry.range.lowerBound + bytes.lowerBound)
  }

  /// Reads all tensors, in the order of their data.
  ///
  /// - Throws: `WeightsError` when the file cannot be read.
  public func tensors() throws -> [Tensor] {
    try requireMemory(bytes: entries.values.reduce(0) { $0 + $1.range.count }, tensor: nil)
    return try names.map(tensor)
  }

  /// A file with holes takes no disk, whatever size it claims: an allocation that fails is a trap.
  private func requireMemory(bytes: Int, tensor: String?) throws(WeightsError) {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard bytes <= memory else {
      throw WeightsError(
        file: path, tensor: tensor, .largerThanMemory(bytes: bytes, memory: memory))
    }
  }

  private static func headerBytes(
    of file: FileDescriptor, size: Int, path: String
  ) throws(WeightsError) -> Int {
    guard size >= 8 else { throw WeightsError(file: path, .truncated(bytes: size, needed: 8)) }
    let length = try file.read(8, at: 0).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let count = Int(exactly: length), count <= SafetensorsHeader.byteLimit else {
      throw WeightsError(
        file: path, .headerTooLong(bytes: length, limit: SafetensorsHeader.byteLimit))
    }
    guard count <= size - 8 else {
      throw WeightsError(file: path, .truncated(bytes: size, needed: 8 + count))
    }
    return count
  }
}

/// Reads and writes whole safetensors files.
public enum Safetensors {
  /// All tensors of the file at `path`.
  ///
  /// - Throws: `WeightsError` naming the file, and the tensor where one is to blame.
  public static func read(path: String) throws -> [Tensor] {
    try SafetensorsReader(path: path).tensors()
  }

  /// Writes `tensors` to `path`, replacing what is there; the same tensors and metadata, in any order,
  /// give the same bytes.
  ///
  /// Tensors are laid out by element size (larger first) and name, so that each is aligned. Readers of
  /// a file that is being written see half of it: write beside and rename where that matters.
  ///
  /// - Parameter synchronise: whether to return only once the content is on the device (fsync).
  /// - Throws: `WeightsError` when two tensors share a name, sizes do not fit, or writing fails;
  ///   nothing is left at `path` then.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = [:], to path: String,
    synchronise: Bool = false
  ) throws(WeightsError) {
    let ordered = tensors.sorted(by: precedes)
    let header = try header(of: ordered, metadata: metadata, path: path)
    let file = try FileDescriptor(writing: path)
    do throws(WeightsError) {
      try file.write(header)
      for tensor in ordered { try file.write(tensor.bytes) }
      if synchronise { try file.synchronise() }
      try file.close()
    } catch {
      unlink(path)
      throw error
    }
  }

  private static func precedes(_ left: Tensor, _ right: Tensor) -> Bool {
    left.type.byteCount == right.type.byteCount
      ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
      : left.type.byteCount > right.type.byteCount
  }

  private static func header(
    of tensors: [Tensor], metadata: [String: String], path: String
  ) throws(WeightsError) -> [UInt8] {
    var members = metadata.isEmpty ? [] : ["\"__metadata__\":\(metadataObject(metadata))"]
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw WeightsError(file: path, tensor: tensor.name, .duplicateName)
      }
      try check(tensor, path: path)
      let end = offset + tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    return withLength(Array("{\(members.joined(separator: ","))}".utf8))
  }

  /// The properties of a tensor can be changed after its initialiser has checked them.
  private static func check(_ tensor: Tensor, path: String) throws(WeightsError) {
    let (nameBytes, limit) = (tensor.name.utf8.count, JSONScanner.nameByteLimit)
    guard nameBytes <= limit else {
      throw WeightsError(
        file: path, tensor: tensor.name, .nameTooLong(bytes: nameBytes, limit: limit))
    }
    let expected = Tensor.byteCount(type: tensor.type, shape: tensor.shape)
    guard let expected, tensor.shape.count <= SafetensorsHeader.axisLimit else {
      throw WeightsError(file: path, tensor: tensor.name, .shapeOverflow(tensor.shape))
    }
    guard expected == tensor.bytes.count else {
      throw WeightsError(
        file: path, tensor: tensor.name,
        .sizeMismatch(
          type: tensor.type, shape: tensor.shape, expected: expected, tensor.bytes.count))
    }
  }

  private static func withLength(_ json: [UInt8]) -> [UInt8] {
    // Data begins at a multiple of eight, so that readers may map it.
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    let length = UInt64(json.count + padding.count).littleEndian
    return withUnsafeBytes(of: length) { [UInt8]($0) } + json + padding
  }

  private static func metadataObject(_ metadata: [String: String]) -> String {
    let members = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { "\(quoted($0.key)):\(quoted($0.value))" }
    return "{\(members.joined(separator: ","))}"
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\u{0}"..<"\u{20}":
        "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
