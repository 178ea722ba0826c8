/// A safetensors file before it is written: every byte of it can be asked for, so that several
/// processes can write a part each.
///
/// Tensors are laid out by element size (larger first) and name, so that each is aligned. The same
/// tensors and metadata, in any order, give the same bytes.
public struct SafetensorsImage {
  /// Bytes of the file.
  public let byteCount: Int
  private let header: [UInt8]
  private let sources: [TensorSource]
  /// Where each source's bytes lie in the file.
  private let ranges: [Range<Int>]

  /// The file of some tensors.
  ///
  /// - Parameter path: the file's, for errors.
  /// - Throws: `WeightsError` when two tensors share a name, or a name or shape is none that a file holds.
  public init(
    of tensors: [TensorSource], metadata: [String: String] = [:], path: String
  ) throws(WeightsError) {
    sources = tensors.sorted { Self.precedes($0.description, $1.description) }
    let counts = try Self.byteCounts(of: sources, path: path)
    header = SafetensorsHeader.bytes(
      of: zip(sources.map(\.description), counts), metadata: metadata)
    var end = header.count
    ranges = counts.map { count in
      defer { end += count }
      return end..<end + count
    }
    byteCount = header.count + counts.reduce(0, +)
  }

  /// The header, and then each tensor.
  var parts: [Range<Int>] { [0..<header.count] + ranges }

  /// Copies a range of the file's bytes.
  ///
  /// Tensors that lie within the range are written straight to their place; of one that it cuts, all bytes
  /// are made first.
  ///
  /// - Parameter buffer: of as many bytes, aligned to 8 where the range begins at a multiple of 8.
  /// - Throws: what making a tensor's bytes throws.
  public func copy(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    precondition(range.count == buffer.count && range.upperBound <= byteCount)
    func part(_ of: Range<Int>) -> UnsafeMutableRawBufferPointer {
      let start = of.lowerBound - range.lowerBound
      return UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + of.count])
    }
    let ofHeader = range.clamped(to: 0..<header.count)
    if !ofHeader.isEmpty { part(ofHeader).copyBytes(from: header[ofHeader]) }
    for (source, place) in zip(sources, ranges) where place.overlaps(range) {
      let wanted = place.clamped(to: range)
      let start = wanted.lowerBound - place.lowerBound
      try source.copy(start..<start + wanted.count, into: part(wanted))
    }
  }

  private static func precedes(_ left: TensorDescription, _ right: TensorDescription) -> Bool {
    left.type.byteCount == right.type.byteCount
      ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
      : left.type.byteCount > right.type.byteCount
  }

  private static func byteCounts(
    of sources: [TensorSource], path: String
  ) throws(WeightsError) -> [Int] {
    var names: Set<String> = ["__metadata__"]
    var counts: [Int] = []
    for description in sources.lazy.map(\.description) {
      guard names.insert(description.name).inserted else {
        throw WeightsError(file: path, tensor: description.name, .duplicateName)
      }
      counts.append(try description.storableByteCount(path: path))
    }
    return counts
  }
}

extension TensorDescription {
  /// - Throws: `WeightsError` where no file can hold the tensor.
  fileprivate func storableByteCount(path: String) throws(WeightsError) -> Int {
    let (nameBytes, limit) = (name.utf8.count, JSONScanner.nameByteLimit)
    guard nameBytes <= limit else {
      throw WeightsError(file: path, tensor: name, .nameTooLong(bytes: nameBytes, limit: limit))
    }
    guard let byteCount, shape.count <= SafetensorsHeader.axisLimit else {
      throw WeightsError(file: path, tensor: name, .shapeOverflow(shape))
    }
    return byteCount
  }
}
