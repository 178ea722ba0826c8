import CFFmpeg

/// Owns one `AVFormatContext` that reads: an open file, its streams, and the packets of one of them.
final class Demuxer {
  let context: UnsafeMutablePointer<AVFormatContext>
  /// What FFmpeg complained about while it looked ahead, where that was to the end of the file: it
  /// does not say so again.
  private(set) var complaint: String?
  private let budget: ReadBudget
  private var selected: UnsafeMutablePointer<AVStream>?

  /// Opens a file and looks ahead as far as FFmpeg needs to know its streams.
  ///
  /// - Parameters:
  ///   - file: that it is a regular one has been made sure.
  ///   - formats: FFmpeg's names of the containers that may be in it. Play lists and the like have no
  ///     place among them: what they name is not the user's choice.
  ///   - failure: makes the error from FFmpeg's reason.
  init(_ file: String, formats: String, failure: (String) -> MediaError) throws {
    let budget = ReadBudget()
    self.budget = budget
    context = try Self.open(file, formats, budget, failure)
    budget.renew()
    try libav({ failure(budget.complaint ?? $0) }) { avformat_find_stream_info(context, nil) }
    complaint = context.pointee.pb?.pointee.eof_reached == 1 ? LibAVLog.message : nil
  }

  deinit {
    var context: UnsafeMutablePointer<AVFormatContext>? = context
    avformat_close_input(&context)
  }

  /// All streams of the file.
  var streams: [UnsafeMutablePointer<AVStream>] {
    (0..<Int(context.pointee.nb_streams)).compactMap { context.pointee.streams[$0] }
  }

  /// FFmpeg's names of the container.
  var format: String { context.pointee.iformat.map { String(cString: $0.pointee.name) } ?? "" }

  /// Makes the main stream of a kind the one that is read, nil where there is none.
  func select(_ kind: AVMediaType) -> UnsafeMutablePointer<AVStream>? {
    let index = Int(av_find_best_stream(context, kind, -1, -1, nil, 0))
    guard index >= 0, let stream = context.pointee.streams[index] else { return nil }
    for other in streams where other != stream { other.pointee.discard = AVDISCARD_ALL }
    selected = stream
    return stream
  }

  /// Fills `packet` with the next piece of the stream that was selected.
  ///
  /// - Returns: false at the end of the file.
  /// - Throws: what `failure` makes of FFmpeg's reason.
  func read(_ packet: Packet, failure: (String) -> MediaError) throws -> Bool {
    LibAVLog.begin()
    budget.renew()
    repeat {
      packet.clear()
      let status = av_read_frame(context, packet.pointer)
      if let reason = budget.complaint { throw failure(reason) }
      if status == aver_error_end_of_file { return false }
      guard status >= 0 else { throw failure(LibAVLog.message ?? libavText(status)) }
    } while packet.pointer.pointee.stream_index != selected?.pointee.index
    return true
  }

  /// Calls FFmpeg to go to another place, with as much to read as for a packet.
  ///
  /// - Returns: whether it is there.
  func go(_ call: () -> CInt) -> Bool {
    LibAVLog.begin()
    budget.renew()
    return call() >= 0
  }

  private static func open(
    _ file: String, _ formats: String, _ budget: ReadBudget, _ failure: (String) -> MediaError
  ) throws -> UnsafeMutablePointer<AVFormatContext> {
    var context = avformat_alloc_context()
    context?.pointee.interrupt_callback = budget.callback
    var options: OpaquePointer?
    defer { av_dict_free(&options) }
    av_dict_set(&options, "format_whitelist", formats, 0)
    av_dict_set(&options, "protocol_whitelist", "file", 0)
    try libav({ failure(budget.complaint ?? $0) }) {
      // The prefix keeps names such as "concat:…" from being commands.
      avformat_open_input(&context, "file:" + file, nil, &options)
    }
    guard let context else { throw failure("nothing was opened") }
    return context
  }
}

/// How much FFmpeg may still read in search of one packet.
///
/// Where a file goes on with what is no packet, zeroes without end for one, FFmpeg would read all of it
/// within one call and keep hundreds of megabytes.
private final class ReadBudget {
  /// FFmpeg asks before each piece that it reads, of 32 KiB as a rule: half a gigabyte.
  private static let most = 1 << 14

  private let left = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init() { left.initialize(to: Self.most) }

  deinit { left.deallocate() }

  func renew() { left.pointee = Self.most }

  /// Why a call has failed, where it has read all that it may.
  var complaint: String? { left.pointee > 0 ? nil : "nothing but garbage in hundreds of megabytes" }

  /// What FFmpeg asks whether to give up; valid as long as this object.
  var callback: AVIOInterruptCB {
    AVIOInterruptCB(
      callback: { opaque in
        guard let left = opaque?.assumingMemoryBound(to: Int.self) else { return 0 }
        left.pointee -= 1
        return left.pointee > 0 ? 0 : 1
      }, opaque: left)
  }
}
