/// The addresses of a kernel's operands, by operand instead of by number.
struct OperandAddresses {
  private let addresses: [Place: UnsafeMutableRawPointer]

  /// - Parameter addresses: of the operands, in their order.
  init(_ operands: [Located], _ addresses: [UnsafeMutableRawPointer]) {
    self.addresses = Dictionary(
      zip(operands.map(\.place), addresses), uniquingKeysWith: { first, _ in first })
  }

  subscript(operand: Located) -> UnsafeMutableRawPointer {
    guard let address = addresses[operand.place] else {
      preconditionFailure("a kernel reads an array that is not among its operands")
    }
    return address
  }

  func floats(_ operand: Located) -> UnsafeMutablePointer<Float> {
    self[operand].assumingMemoryBound(to: Float.self)
  }
}
