import CKernelThreads
import CVectorKernels
import TestSupport
import Testing

@testable import Nets

/// An array of float32 or bfloat16 at an address that stays.
final class SharedArray {
  let type: aver_element_type
  private let memory: UnsafeMutableRawBufferPointer

  /// Ordinary numbers.
  init(_ count: Int, _ type: aver_element_type = aver_f32, _ generator: inout SeededGenerator) {
    self.type = type
    memory = .allocate(byteCount: count * (type == aver_f32 ? 4 : 2), alignment: 64)
    for index in 0..<count {
      let bits = Float.random(in: 0.1...2, using: &generator).bitPattern
      if type == aver_f32 {
        memory.storeBytes(of: bits, toByteOffset: 4 * index, as: UInt32.self)
      } else {
        memory.storeBytes(of: UInt16(bits >> 16), toByteOffset: 2 * index, as: UInt16.self)
      }
    }
  }

  /// With the same numbers: for a kernel that changes its operand.
  init(copying other: SharedArray) {
    type = other.type
    memory = .allocate(byteCount: other.memory.count, alignment: 64)
    memory.copyMemory(from: UnsafeRawBufferPointer(other.memory))
  }

  deinit { memory.deallocate() }

  var address: UnsafeMutableRawPointer? { memory.baseAddress }
  var floats: UnsafeMutablePointer<Float>? { address?.assumingMemoryBound(to: Float.self) }
  var bytes: [UInt8] { Array(memory) }
}

/// Expects the arrays that `compute` returns to have the same bits with 1, 2 and 3 threads.
func expectSameBits(
  _ label: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ compute: () throws -> [SharedArray]
) throws {
  defer { _ = aver_set_kernel_threads(1) }
  let outcomes = try (1...3).map { threads in
    try Engine.configure(threads: threads)
    return try compute().map(\.bytes)
  }
  for threads in 2...3 {
    // Not within the expectation, which would print the arrays.
    let isSame = outcomes[threads - 1] == outcomes[0]
    #expect(isSame, "\(label) with \(threads) threads", sourceLocation: sourceLocation)
  }
}
