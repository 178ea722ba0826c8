import COneDNN
import CVectorKernels

/// An array `[N, C, H, W]` in a layout that kernels of ours take: channels beside each other, all of
/// them (NHWC) or in blocks of 16 or 8.
struct ChannelArray {
  let located: Located
  /// As the kernels take it.
  let native: aver_channel_array
}

extension PlanBuilder {
  /// The array as it is where its channels lie beside each other, else a copy in NHWC.
  ///
  /// - Parameters:
  ///   - source: of the plan's precision.
  ///   - shape: `[N, C, H, W]`.
  func channelArray(_ source: Located, shape: [Int], layer: String) throws -> ChannelArray {
    let type = precision.dataType
    for block in [16, 8] {
      let blocked = try MemoryDescriptor.channelBlocks(shape, type, block: block)
      if source.layout.isEqual(to: blocked) {
        return ChannelArray(located: source, native: native(shape, block: block))
      }
    }
    let channelsLast = try MemoryDescriptor.strided(shape, type, order: [0, 2, 3, 1])
    return ChannelArray(
      located: try converted(source, to: channelsLast, layer: layer),
      native: native(shape, block: shape[1]))
  }

  private func native(_ shape: [Int], block: Int) -> aver_channel_array {
    aver_channel_array(
      batch: shape[0], channels: shape[1], pixels: shape[2] * shape[3], block: block,
      type: precision.elementType)
  }
}

extension Precision {
  /// As kernels of ours take it.
  var elementType: aver_element_type { self == .f32 ? aver_f32 : aver_bf16 }
}
