import COneDNN

/// A square sliding window: of a convolution or a pooling.
struct Window: Sendable, Equatable {
  /// Height and width, in pixels.
  var kernel: Int
  var stride = 1
  /// Zeros added on every side, in pixels.
  var padding = 0

  /// Length of the result along an axis of `length` pixels.
  func resultLength(_ length: Int) -> Int { (length + 2 * padding - kernel) / stride + 1 }

  /// Result height and width, or an error naming the layer where the window does not fit.
  func resultSize(height: Int, width: Int, layer: String) throws -> (height: Int, width: Int) {
    guard kernel > 0, stride > 0, padding >= 0,
      min(height, width) + 2 * padding >= kernel
    else {
      throw NetsError.shape(
        layer: layer,
        problem: "a window of \(kernel) px, stride \(stride), padding \(padding) does not fit an "
          + "input of \(height)x\(width) px; use a larger image")
    }
    return (resultLength(height), resultLength(width))
  }

  /// As the kernels take it.
  var native: aver_window_t {
    let kernel = Int64(kernel)
    let stride = Int64(stride)
    let padding = Int64(padding)
    return aver_window_t(
      kernel: (kernel, kernel), strides: (stride, stride), dilates: (0, 0),
      padding_begin: (padding, padding), padding_end: (padding, padding))
  }
}
