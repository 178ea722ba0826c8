import CFFmpeg

/// Owns libavutil's real-to-complex Fourier transform of one length, float64.
final class RealFourierTransform {
  /// Samples per transform.
  let length: Int
  /// What is transformed, `[length]`, aligned as libavutil's vector code wants it.
  let input: UnsafeMutableBufferPointer<Double>
  /// The result, `[length / 2 + 1]`.
  let output: UnsafeMutableBufferPointer<AVComplexDouble>

  private var context: OpaquePointer?
  private var run: av_tx_fn?

  /// - Throws: `MediaError.codec` where libavutil has no such transform.
  init(length: Int) throws {
    self.length = length
    let bytes = MemoryLayout<Double>.stride * length
    // A complex number is two numbers; there is one complex number more than half the length.
    let samples = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let spectrum = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
    input = .init(start: samples.bindMemory(to: Double.self, capacity: length), count: length)
    output = .init(
      start: spectrum.bindMemory(to: AVComplexDouble.self, capacity: length / 2 + 1),
      count: length / 2 + 1)
    var scale: Double = 1
    let status = av_tx_init(&context, &run, AV_TX_DOUBLE_RDFT, 0, Int32(length), &scale, 0)
    guard status >= 0, run != nil else {
      throw MediaError.codec(reason: "libavutil has no Fourier transform of \(length) samples")
    }
  }

  deinit {
    av_tx_uninit(&context)
    input.deallocate()
    output.deallocate()
  }

  /// Transforms `input` into `output`; `input` is then undefined.
  func transform() {
    run?(context, output.baseAddress, input.baseAddress, MemoryLayout<Double>.stride)
  }
}
