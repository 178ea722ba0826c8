/// Elements at an address that stays, reachable without counting references.
final class FixedList<Element> {
  let count: Int
  private let memory: UnsafeMutablePointer<Element>

  init(_ elements: [Element]) {
    count = elements.count
    memory = .allocate(capacity: elements.count)
    for (index, element) in elements.enumerated() {
      (memory + index).initialize(to: element)
    }
  }

  deinit {
    memory.deinitialize(count: count)
    memory.deallocate()
  }

  var elements: UnsafePointer<Element> { UnsafePointer(memory) }
}
