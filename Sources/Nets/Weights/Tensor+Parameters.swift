import CVectorKernels

// What a model asks of the tensors of a weights file, with errors that name tensor and file.

extension TensorDescription {
  /// - Throws: `NetsError.parameterShape`, `.parameterType` for integers.
  func requireParameters(shape wanted: [Int], file: String) throws {
    try require(shape: wanted, file: file)
    guard type.isFloatingPoint else {
      throw NetsError.parameterType(
        name: name, file: file, found: type, wanted: "a floating-point type")
    }
  }

  /// - Throws: `NetsError.parameterShape`, `.parameterType` for numbers that do not count.
  func requireBatchCount(file: String) throws {
    try require(shape: [], file: file)
    guard !type.isFloatingPoint else {
      throw NetsError.parameterType(
        name: name, file: file, found: type, wanted: "an integer type")
    }
  }

  private func require(shape wanted: [Int], file: String) throws {
    guard shape == wanted else {
      throw NetsError.parameterShape(name: name, file: file, expected: wanted, found: shape)
    }
  }
}

extension Tensor {
  private var description: TensorDescription {
    TensorDescription(name: name, type: type, shape: shape)
  }

  /// The elements of a parameter of `shape`, or of running statistics.
  ///
  /// - Throws: `NetsError.parameterShape`, `.parameterType` for integers, `.parameterNotFinite`.
  func parameters(shape: [Int], file: String) throws -> [Float] {
    try description.requireParameters(shape: shape, file: file)
    let floats = floats()
    let index = floats.withUnsafeBufferPointer {
      Int(aver_first_nonfinite_f32($0.baseAddress, $0.count))
    }
    guard index < 0 else {
      throw NetsError.parameterNotFinite(name: name, file: file, index: index)
    }
    return floats
  }

  /// The number of batches that a tensor without axes holds.
  ///
  /// - Throws: `NetsError.parameterShape`, `.parameterType`, `.batchCount`.
  func batchCount(file: String) throws -> Int {
    try description.requireBatchCount(file: file)
    let count = try integers()[0]
    // More than any training makes, and far from where counting on overflows.
    guard 0..<(1 << 53) ~= count else {
      throw NetsError.batchCount(name: name, file: file, found: count)
    }
    return count
  }
}
