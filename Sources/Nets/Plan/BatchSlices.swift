import CKernelThreads
import Glibc

/// A batch that a plan for fewer samples computes slice by slice: the activations of few samples stay
/// in the caches, and take less memory.
final class BatchSlices {
  /// Slices of the batch.
  let count: Int

  /// An array of the whole batch, the plan's array for a slice, and the bytes of that.
  private struct Part {
    let whole: UnsafeMutableRawPointer
    let slice: UnsafeMutableRawPointer
    let byteCount: Int

    func load(_ index: Int) { memcpy(slice, whole + index * byteCount, byteCount) }
    func store(_ index: Int) { memcpy(whole + index * byteCount, slice, byteCount) }
  }

  private let inputs: FixedList<Part>
  private let outputs: FixedList<Part>
  /// The arrays of the whole batch by those of a slice.
  private let whole: [UnsafeMutableRawPointer: UnsafeMutableRawPointer]
  private let memories: [AlignedMemory]

  /// Samples that a thread computes best at a time: more leave the second-level cache, fewer make
  /// matrices too small. Measured with the networks of this system at 112 pixels.
  private static let samplesOfThread = 8...16

  /// Samples of a slice: those of the whole batch where it cannot be divided well, or where samples
  /// are not images, of which each counts by itself.
  static func samples(of graph: Graph, batch: Int) -> Int {
    guard graph.takesOneImagePerRow else { return batch }
    let threads = Int(aver_kernel_threads())
    let range = samplesOfThread.lowerBound * threads...samplesOfThread.upperBound * threads
    return range.reversed().first { batch.isMultiple(of: $0) } ?? batch
  }

  /// - Parameters:
  ///   - count: slices of the batch.
  ///   - inputs: what the caller of the plan writes, of one slice.
  ///   - outputs: what the caller reads.
  init(
    count: Int, inputs: [UnsafeMutableRawBufferPointer], outputs: [UnsafeMutableRawBufferPointer]
  ) throws {
    var memories: [AlignedMemory] = []
    var whole: [UnsafeMutableRawPointer: UnsafeMutableRawPointer] = [:]
    func part(_ slice: UnsafeMutableRawBufferPointer) throws -> Part? {
      guard let address = slice.baseAddress else { return nil }
      precondition(whole[address] == nil, "no output of images in, logits out is an input")
      let memory = try AlignedMemory(byteCount: slice.count * count, purpose: "a batch")
      memories.append(memory)
      whole[address] = memory.address
      return Part(whole: memory.address, slice: address, byteCount: slice.count)
    }
    self.count = count
    self.inputs = FixedList(try inputs.compactMap(part))
    self.outputs = FixedList(try outputs.compactMap(part))
    self.whole = whole
    self.memories = memories
  }

  /// The array of the whole batch of which `slice` is the plan's.
  func whole<Element>(
    _ slice: UnsafeMutableBufferPointer<Element>
  ) -> UnsafeMutableBufferPointer<Element> {
    guard let address = slice.baseAddress, let start = whole[UnsafeMutableRawPointer(address)]
    else { return slice }
    return UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: Element.self), count: slice.count * count)
  }

  /// The bytes of the whole batch of which `slice` are the plan's.
  func whole(_ slice: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(whole(slice.assumingMemoryBound(to: UInt8.self)))
  }

  /// Runs the plan on every slice.
  func run(_ plan: () throws -> Void) throws {
    for slice in 0..<count {
      for index in 0..<inputs.count { inputs.elements[index].load(slice) }
      try plan()
      for index in 0..<outputs.count { outputs.elements[index].store(slice) }
    }
  }
}

extension Graph {
  /// Whether all values have a row for each sample, and the inputs are images.
  fileprivate var takesOneImagePerRow: Bool {
    hasOneRowPerSample && inputs.allSatisfy { $0.content == .pixels }
  }
}
