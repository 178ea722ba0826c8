import Datasets
import Nets

extension SampleFormat {
  /// What a plan reads, as a loader writes it.
  init(_ format: PixelFormat) {
    self.init(
      element: format.isBFloat16 ? .bfloat16 : .float32,
      order: format.isChannelsLast ? .channelsLast : .channelsFirst)
  }
}
