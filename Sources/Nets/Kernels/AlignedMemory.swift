import Glibc

/// Zero-filled memory on page boundaries, of huge pages where the system grants them.
final class AlignedMemory {
  let address: UnsafeMutableRawPointer
  let byteCount: Int
  private let isMapped: Bool

  private static let page = 4096
  private static let hugePage = 2 << 20

  /// - Throws: `NetsError.outOfMemory`, naming `purpose`.
  init(byteCount: Int, purpose: String) throws {
    // Small arrays would waste most of a huge page.
    isMapped = byteCount >= Self.hugePage
    let alignment = isMapped ? Self.hugePage : Self.page
    let rounded = (max(byteCount, 1) + alignment - 1) / alignment * alignment
    guard let address = isMapped ? Self.map(rounded) : Self.allocate(rounded) else {
      throw NetsError.outOfMemory(bytes: rounded, purpose: purpose)
    }
    self.address = address
    self.byteCount = rounded
  }

  deinit {
    if isMapped { munmap(address, byteCount) } else { free(address) }
  }

  /// Pages that the system fills with zeros when they are first touched: to clear them here would
  /// touch them all, once more than needed.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let reserved = byteCount + hugePage
    guard
      let start = mmap(
        nil, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      start != MAP_FAILED
    else { return nil }
    let before = -Int(bitPattern: start) & (hugePage - 1)
    let address = start + before
    if before > 0 { munmap(start, before) }
    munmap(address + byteCount, hugePage - before)
    madvise(address, byteCount, MADV_HUGEPAGE)
    return address
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var address: UnsafeMutableRawPointer?
    guard posix_memalign(&address, page, byteCount) == 0, let address else { return nil }
    memset(address, 0, byteCount)
    return address
  }

  /// The first `count` elements as float32.
  func floats(count: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(count * MemoryLayout<Float>.stride <= byteCount)
    return UnsafeMutableBufferPointer(
      start: address.assumingMemoryBound(to: Float.self), count: count)
  }
}
