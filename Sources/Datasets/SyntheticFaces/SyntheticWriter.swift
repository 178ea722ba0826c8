import Foundation

/// Draws all faces of a corpus, on several threads.
///
/// Sendable because what threads share is only touched under `lock`.
final class SyntheticWriter: @unchecked Sendable {
  private let layout: SyntheticLayout
  private let lock = NSCondition()
  private var rows: [String]
  private var nextFace = 0
  private var liveThreads = 0
  private var failure: (any Error)?

  init(layout: SyntheticLayout) {
    self.layout = layout
    rows = Array(repeating: "", count: layout.options.faces)
  }

  /// Writes every picture.
  ///
  /// - Returns: the lists' rows, in the order of the faces.
  func writeImages() throws -> [String] {
    liveThreads = layout.options.threads
    for _ in 0..<layout.options.threads {
      let thread = Thread { self.work() }
      thread.name = "aver-synth"
      thread.start()
    }
    lock.lock()
    defer { lock.unlock() }
    while liveThreads > 0 { lock.wait() }
    if let failure { throw failure }
    return rows
  }

  private func work() {
    do {
      let artist = try FaceArtist(layout: layout)
      while let face = claim() {
        let row = try artist.write(face)
        lock.lock()
        rows[face] = row
        lock.unlock()
      }
    } catch {
      lock.lock()
      failure = failure ?? error
      lock.unlock()
    }
    lock.lock()
    liveThreads -= 1
    lock.broadcast()
    lock.unlock()
  }

  private func claim() -> Int? {
    lock.lock()
    defer { lock.unlock() }
    guard nextFace < rows.count && failure == nil else { return nil }
    defer { nextFace += 1 }
    return nextFace
  }
}
