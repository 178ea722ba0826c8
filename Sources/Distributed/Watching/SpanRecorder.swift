/// Stretches of time of one thread, for a picture of what ran when: as many as there is room for, the first ones.
///
/// Sendable because one thread adds to it, and others read only what a thread wrote that they have waited for.
public final class SpanRecorder: @unchecked Sendable {
  /// What a stretch is.
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// A part of a step; `value` is what `Presence.activity` says.
    case activity
    /// A sum over all ranks; `value` is its bucket.
    case sum
    /// A wait for other ranks; `value` tells in which call.
    case wait
  }

  /// One of them, in nanoseconds of the host's clock.
  public struct Span: BitwiseCopyable, Sendable {
    /// When it began.
    public var start: UInt64
    /// When it ended.
    public var end: UInt64
    /// What it was of its kind.
    public var value: UInt64
    /// What it is.
    public var kind: Kind
  }

  private let memory: UnsafeMutableBufferPointer<Span>
  private var count = 0
  /// Whether there was no room for all.
  public private(set) var isFull = false

  /// - Parameter capacity: how many there is room for.
  public init(capacity: Int) { memory = .allocate(capacity: capacity) }

  deinit { memory.deallocate() }

  /// Adds a stretch.
  public func add(_ kind: Kind, _ value: UInt64, from start: UInt64, to end: UInt64) {
    guard count < memory.count else { return isFull = true }
    memory.initializeElement(
      at: count, to: Span(start: start, end: end, value: value, kind: kind))
    count += 1
  }

  /// What was added, in the order in which it ended.
  public var spans: [Span] { Array(memory.prefix(count)) }
}

extension SpanRecorder.Span {
  /// The call that a wait was in.
  public var waitName: String {
    Wait(rawValue: UInt8(truncatingIfNeeded: value)).map { "\($0)" } ?? "a wait"
  }
}
