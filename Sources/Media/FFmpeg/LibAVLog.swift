import CFFmpeg
import Foundation

/// What FFmpeg's libraries say, kept from the terminal.
///
/// The first error that a call logs tells more than its return code ("moov atom not found" against
/// "Invalid data"), so it is kept per thread and becomes the reason of a `MediaError`. Everything
/// else goes nowhere.
enum LibAVLog {
  private static let capacity = 256
  /// The largest piece of memory that FFmpeg takes at once. An index of a few bytes can claim
  /// thousands of millions of samples; a picture of `ImageDecoder.maximumPixels` at 4 bytes fits twice.
  private static let largestAllocation = 1 << 29

  /// The thread's buffer; making the key also sets FFmpeg up, once in a process.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { free($0) }
    av_max_alloc(largestAllocation)
    av_log_set_callback { _, level, format, arguments in
      guard level <= AV_LOG_ERROR, let format, let arguments else { return }
      LibAVLog.keep(format, arguments)
    }
    return key
  }()

  /// Forgets what this thread's calls logged, and keeps what the next one logs.
  static func begin() {
    if let buffer { buffer[0] = 0 } else { pthread_setspecific(key, calloc(capacity, 1)) }
  }

  /// The first error since `begin`, nil where none was logged on this thread.
  static var message: String? {
    guard let buffer, buffer[0] != 0 else { return nil }
    return String(cString: buffer).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static var buffer: UnsafeMutablePointer<CChar>? {
    pthread_getspecific(key)?.assumingMemoryBound(to: CChar.self)
  }

  private static func keep(_ format: UnsafePointer<CChar>, _ arguments: CVaListPointer) {
    guard let buffer, buffer[0] == 0 else { return }
    vsnprintf(buffer, capacity, format, arguments)
  }
}

/// Calls FFmpeg, and turns a negative return code into an error.
///
/// - Parameters:
///   - failure: makes the error from the reason.
///   - call: returns FFmpeg's code.
/// - Returns: the code, where it is not negative.
@discardableResult
func libav(_ failure: (String) -> MediaError, _ call: () -> CInt) throws -> CInt {
  LibAVLog.begin()
  let status = call()
  guard status >= 0 else { throw failure(LibAVLog.message ?? libavText(status)) }
  return status
}

/// FFmpeg's words for a return code.
func libavText(_ status: CInt) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
    guard let start = text.baseAddress else { return "error \(status)" }
    av_strerror(status, start, text.count)
    return String(cString: start)
  }
}
