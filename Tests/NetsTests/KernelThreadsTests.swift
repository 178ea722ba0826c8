import CKernelThreads
import Foundation
import Synchronization
import Testing

@testable import Nets

@Suite struct KernelThreadsTests {
  /// Threads that copy, decode or sum beside the one that computes take no cores from it.
  @Test func aThreadThatWasToldNothingWorksAlone() {
    #expect(aver_set_kernel_threads(2))
    defer { _ = aver_set_kernel_threads(1) }
    let threads = Mutex<CInt>(0)
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      threads.withLock { $0 = aver_kernel_threads() }
      done.signal()
    }
    done.wait()
    #expect(threads.withLock { $0 } == 1)
    #expect(aver_kernel_threads() == 2)
  }

  /// Every part is done once, whatever the number of threads and of parts.
  @Test(arguments: [1, 2, 3, 5], [0, 1, 2, 7, 100])
  func everyPartIsDoneOnce(_ threads: Int, _ parts: Int) throws {
    try Engine.configure(threads: threads)
    defer { _ = aver_set_kernel_threads(1) }
    #expect(aver_kernel_threads() == CInt(threads))
    var counts = [Int](repeating: 0, count: max(1, parts))
    counts.withUnsafeMutableBytes { counts in
      aver_share_work(
        parts, { counts, part in counts?.assumingMemoryBound(to: Int.self)[part] += 1 },
        counts.baseAddress)
    }
    #expect(counts.prefix(parts).allSatisfy { $0 == 1 })
    #expect(parts > 0 || counts == [0])
  }

  /// Parts are done by as many threads as were asked for.
  @Test func allThreadsTakePart() throws {
    try Engine.configure(threads: 3)
    defer { _ = aver_set_kernel_threads(1) }
    var threads = [Int](repeating: 0, count: 3)
    threads.withUnsafeMutableBytes { threads in
      aver_share_work(
        3,
        { threads, part in
          threads?.assumingMemoryBound(to: Int.self)[part] = Int(pthread_self())
        },
        threads.baseAddress)
    }
    #expect(Set(threads).count == 3)
  }
}
