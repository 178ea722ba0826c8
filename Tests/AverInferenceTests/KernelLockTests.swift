import Foundation
import Synchronization
import Testing

@testable import AverInference

@Suite("AverInference: turns")
struct KernelLockTests {
  @Test("who comes while another thread computes has its turn before that thread's next pass")
  func order() throws {
    let lock = KernelLock(threads: 1)
    let turns = Mutex<[String]>([])
    let isOver = DispatchSemaphore(value: 0)
    @Sendable func turn(_ name: String) throws {
      try lock.withKernels { turns.withLock { $0.append(name) } }
    }
    try lock.withKernels {
      for name in ["second", "third"] {
        let before = lock.queue
        Thread.detachNewThread {
          try? turn(name)
          isOver.signal()
        }
        while lock.queue == before { usleep(100) }
      }
      turns.withLock { $0.append("first") }
    }
    try turn("first again")
    isOver.wait()
    isOver.wait()
    #expect(turns.withLock { $0 } == ["first", "second", "third", "first again"])
  }

  @Test("who asks within its own turn is refused, and the turn ends none the less")
  func recursion() throws {
    let lock = KernelLock(threads: 1)
    #expect(throws: InferenceError.observerAsks) {
      try lock.withKernels { try lock.withKernels {} }
    }
    #expect(lock.queue == 0)
    #expect(try lock.withKernels { 3 } == 3)
  }
}
