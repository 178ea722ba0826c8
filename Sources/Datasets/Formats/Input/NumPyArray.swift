/// The numbers of a small `.npy` file.
///
/// - Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays", versions 1.0 to 3.0.
struct NumPyArray: Equatable {
  /// Why a file cannot be used.
  struct Problem: Error, Equatable {
    var reason: String
  }

  /// Empty for a scalar.
  let shape: [Int]
  /// Row by row.
  let values: [Double]

  /// Reads a whole file, which holds nothing else.
  ///
  /// - Parameter most: numbers that a file may hold; more are refused before anything is stored.
  init(_ bytes: [UInt8], most: Int) throws(Problem) {
    let header = try NumPyHeader(bytes)
    var count = 1
    for length in header.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow && product <= most else {
        throw .init(
          reason: "holds \(Self.list(header.shape)) numbers; expected are at most \(most)")
      }
      count = product
    }
    let type = header.type
    let data = bytes[header.dataOffset...]
    guard data.count == count * type.byteCount else {
      throw .init(
        reason: "has \(data.count) bytes of data where \(count) numbers of type "
          + "'\(type.name)' have \(count * type.byteCount)")
    }
    if header.isColumnMajor && header.shape.count(where: { $0 != 1 }) > 1 {
      throw .init(reason: "is stored column by column; save it with numpy.ascontiguousarray")
    }
    shape = header.shape
    var values: [Double] = []
    for index in 0..<count {
      let start = header.dataOffset + index * type.byteCount
      values.append(try type.number(bytes[start..<start + type.byteCount]))
    }
    self.values = values
  }

  /// The number of a file that holds one, as a scalar or with any number of axes of length 1.
  func scalar() throws(Problem) -> Double {
    guard values.count == 1, let value = values.first else {
      throw .init(reason: "holds \(Self.list(shape)) numbers where one is expected")
    }
    return value
  }

  private static func list(_ shape: [Int]) -> String {
    shape.map(String.init).joined(separator: "x")
  }
}
