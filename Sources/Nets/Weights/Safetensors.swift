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

  /// Writes `tensors` to `path`, replacing what is there; laid out as `SafetensorsImage` says.
  ///
  /// Readers of a file that is being written see half of it: write beside and rename where that matters.
  ///
  /// - Parameter synchronise: whether to return only once the content is on the device (fsync).
  /// - Throws: `WeightsError` when two tensors share a name, sizes do not fit, or writing fails;
  ///   nothing is left at `path` then.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = [:], to path: String,
    synchronise: Bool = false
  ) throws {
    for tensor in tensors { try check(tensor, path: path) }
    try write(
      tensors.map(TensorSource.init), metadata: metadata, to: path, synchronise: synchronise)
  }

  /// Writes tensors whose bytes are made one after the other; else the same.
  ///
  /// - Throws: what making a tensor's bytes throws, too.
  public static func write(
    _ sources: [TensorSource], metadata: [String: String] = [:], to path: String,
    synchronise: Bool = false
  ) throws {
    let image = try SafetensorsImage(of: sources, metadata: metadata, path: path)
    let file = try FileDescriptor(writing: path)
    do {
      for part in image.parts {
        var bytes = [UInt8](repeating: 0, count: part.count)
        try bytes.withUnsafeMutableBytes { try image.copy(part, into: $0) }
        try file.write(bytes)
      }
      if synchronise { try file.synchronise() }
      try file.close()
    } catch {
      unlink(path)
      throw error
    }
  }

  /// The properties of a tensor can be changed after its initialiser has checked them.
  private static func check(_ tensor: Tensor, path: String) throws(WeightsError) {
    let expected = Tensor.byteCount(type: tensor.type, shape: tensor.shape)
    // No count at all is for the image to refuse, as it is for a tensor that is not there yet.
    guard let expected, expected != tensor.bytes.count else { return }
    throw WeightsError(
      file: path, tensor: tensor.name,
      .sizeMismatch(
        type: tensor.type, shape: tensor.shape, expected: expected, tensor.bytes.count))
  }
}
