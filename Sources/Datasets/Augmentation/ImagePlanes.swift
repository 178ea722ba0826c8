import CVectorKernels

/// A square image between a decoder and a sample: one plane for grey, three for colour, float32 in 0...1.
///
/// Changes of colours are collected and made on the way out, in one pass.
///
/// - Shapes: `values` is `[channels, size, size]`.
final class ImagePlanes {
  private(set) var size = 0
  private(set) var channels = 0
  private let buffer = GrowingBuffer<Float>()
  /// What planes were before an operation that reads neighbours.
  private let original = GrowingBuffer<Float>()
  private var changes: [aver_colour_change] = []

  /// Begins another image, of undefined content.
  func begin(size: Int, channels: Int) -> UnsafeMutablePointer<Float> {
    self.size = size
    self.channels = channels
    changes.removeAll(keepingCapacity: true)
    return buffer.reserve(3 * size * size)
  }

  /// The planes without the changes that are still to be made.
  var values: UnsafeMutablePointer<Float> { buffer.start }

  /// Pixels of a plane.
  var pixels: Int { size * size }

  /// Every colour becomes `factor` · colour + `added`, cut to 0...1.
  func scale(by factor: Float, adding added: Float = 0) {
    changes.append(aver_colour_change(kind: aver_add_constant, factor: factor, added: added))
  }

  /// Every colour becomes `factor` · colour + `added` · the pixel's grey, cut to 0...1.
  func scale(by factor: Float, addingOwnGrey added: Float) {
    changes.append(aver_colour_change(kind: aver_add_own_grey, factor: factor, added: added))
  }

  /// The mean grey of all pixels, 0.2989 red + 0.587 green + 0.114 blue.
  func meanGrey() -> Float {
    withDescription { aver_mean_grey_f32(&$0) }
  }

  /// Makes the changes so that `values` shows them.
  func settle() {
    guard !changes.isEmpty else { return }
    var format = aver_image_format(
      factors: (1, 1, 1), added: (0, 0, 0), type: aver_f32, is_planar: true)
    // Of grey it writes three equal planes, for which there is room; the first stays the image.
    withDescription { aver_write_image(values, &$0, &format) }
    changes.removeAll(keepingCapacity: true)
  }

  /// Writes colour · `factor` + `added` for each colour, after the changes.
  ///
  /// - Shapes: `output` is `[size, size, 3]` or `[3, size, size]`, as `format` says.
  func write(
    to output: UnsafeMutableRawPointer, format: SampleFormat, factor: SIMD3<Float>,
    added: SIMD3<Float>
  ) {
    var format = aver_image_format(
      factors: (factor.x, factor.y, factor.z), added: (added.x, added.y, added.z),
      type: format.element == .bfloat16 ? aver_bf16 : aver_f32,
      is_planar: format.order == .channelsFirst)
    withDescription { aver_write_image(output, &$0, &format) }
  }

  /// Computes each plane from what it was, after the changes that were collected.
  func changePlanes(
    _ change: (_ plane: UnsafeMutablePointer<Float>, _ original: UnsafePointer<Float>) -> Void
  ) {
    settle()
    let before = original.reserve(pixels)
    for channel in 0..<channels {
      let plane = values + channel * pixels
      before.update(from: plane, count: pixels)
      change(plane, before)
    }
  }

  private func withDescription<Result>(_ body: (inout aver_colour_planes) -> Result) -> Result {
    changes.withUnsafeBufferPointer { changes in
      var description = aver_colour_planes(
        planes: values, channels: channels, pixels: pixels, changes: changes.baseAddress,
        change_count: changes.count)
      return body(&description)
    }
  }
}
