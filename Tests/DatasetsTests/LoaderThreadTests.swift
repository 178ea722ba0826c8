import Foundation
import Synchronization
import Testing

@testable import Datasets

/// What the system tells about the thread that asks.
private struct ThreadFacts: Hashable {
  let number: Int
  let name: String
  let niceness: Int

  /// - Source: proc(5), `/proc/pid/stat`; the name stands in parentheses.
  static func current() throws -> ThreadFacts {
    let line = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
    let open = try #require(line.firstIndex(of: "("))
    let close = try #require(line.lastIndex(of: ")"))
    return ThreadFacts(
      number: try #require(Int(line[..<open].dropLast())),
      name: String(line[line.index(after: open)..<close]),
      niceness: try #require(Int(line[close...].split(separator: " ")[17])))
  }
}

/// Requests that note which threads ask for them.
private final class ObservedRequests: Sequence, IteratorProtocol, Sendable {
  let threads = Mutex<Set<ThreadFacts>>([])
  private let given = Mutex(0)

  func next() -> MicroBatchRequest? {
    do {
      let facts = try ThreadFacts.current()
      threads.withLock { _ = $0.insert(facts) }
    } catch { Issue.record(error) }
    return given.withLock { given in
      guard given < 200 else { return nil }
      given += 1
      return MicroBatchRequest(epoch: given, sampleIndices: [0, 1, 2, 3])
    }
  }
}

@Suite struct LoaderThreadTests {
  @Test(arguments: [1, 3])
  func decodingThreadsHaveTheirNameAndGiveWay(workers: Int) throws {
    let own = try ThreadFacts.current()
    let corpus = try Corpus(faces: 8)
    let requests = ObservedRequests()
    let loader = try BatchLoader(
      manifest: corpus.manifest, augmentation: .small, mode: .training, requests: requests,
      seed: 1, microBatch: 4, workers: workers, queueDepth: 2, onError: .fail)
    var images = [Float](repeating: 0, count: 4 * 24 * 24 * 3)
    while try images.withUnsafeMutableBufferPointer({ try loader.next(into: $0) }) != nil {}
    let threads = requests.threads.withLock { $0 }
    #expect((1...workers).contains(threads.count))
    #expect(Set(threads.map(\.number)).count == threads.count)
    for thread in threads {
      #expect(thread.name == "aver-data" && thread.niceness == min(19, own.niceness + 10))
    }
    #expect(try ThreadFacts.current() == own)
  }
}
