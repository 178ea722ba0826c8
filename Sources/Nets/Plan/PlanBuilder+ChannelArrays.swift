import COneDNN
import CVectorKernels

/// An array `[N, C, H, W]` in a layout that kernels of ours take: channels beside each other, all of
/// them (NHWC) or in blocks of 16 or 8.
struct ChannelArray {
  let located: Located
  /// Channels in a block; nil in NHWC.
  let block: Int?
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
    let blocks = [16, 8]
    let block = try blocks.first {
      try source.layout.isEqual(to: channelLayout(shape, block: $0))
    }
    return ChannelArray(
      located: try converted(source, to: channelLayout(shape, block: block), layer: layer),
      block: block,
      native: aver_channel_array(
        batch: shape[0], channels: shape[1], pixels: shape[2] * shape[3],
        block: block ?? shape[1], type: precision.elementType))
  }

  /// A layout with channels beside each other: all of them (NHWC), or `block` of them.
  func channelLayout(_ shape: [Int], block: Int?) throws -> MemoryDescriptor {
    guard let block else {
      return try .strided(shape, precision.dataType, order: [0, 2, 3, 1])
    }
    return try .channelBlocks(shape, precision.dataType, block: block)
  }
}

extension Precision {
  /// As kernels of ours take it.
  var elementType: aver_element_type { self == .f32 ? aver_f32 : aver_bf16 }
}
