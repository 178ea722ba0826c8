/// Uninitialised memory for trivial values that grows to the largest size asked of it, and stays.
final class GrowingBuffer<Element: BitwiseCopyable> {
  private var capacity = 16
  private var storage = UnsafeMutablePointer<Element>.allocate(capacity: 16)

  deinit { storage.deallocate() }

  /// The memory as `reserve` left it.
  var start: UnsafeMutablePointer<Element> { storage }

  /// Room for at least `count` elements; what was there is lost when it has to grow.
  func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
    if count > capacity {
      storage.deallocate()
      storage = .allocate(capacity: count)
      capacity = count
    }
    return storage
  }
}
