import Glibc

/// Zero-filled memory on page boundaries, of huge pages where the system grants them.
final class AlignedMemory {
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  /// - Throws: `NetsError.outOfMemory`, naming `purpose`.
  init(byteCount: Int, purpose: String) throws {
    let hugePage = 2 << 20
    // Small arrays would waste most of a huge page.
    let alignment = byteCount >= hugePage ? hugePage : 4096
    let rounded = (max(byteCount, 1) + alignment - 1) / alignment * alignment
    var address: UnsafeMutableRawPointer?
    guard posix_memalign(&address, alignment, rounded) == 0, let address else {
      throw NetsError.outOfMemory(bytes: rounded, purpose: purpose)
    }
    if alignment == hugePage { madvise(address, rounded, MADV_HUGEPAGE) }
    memset(address, 0, rounded)
    self.address = address
    self.byteCount = rounded
  }

  deinit { free(address) }

  /// The first `count` elements as float32.
  func floats(count: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(count * MemoryLayout<Float>.stride <= byteCount)
    return UnsafeMutableBufferPointer(
      start: address.assumingMemoryBound(to: Float.self), count: count)
  }
}
