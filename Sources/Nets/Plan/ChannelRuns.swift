import COneDNN
import CVectorKernels

/// Channels that lie beside each other in every array that a kernel of ours touches at once.
struct ChannelRun: Equatable {
  /// First channel, of all pieces together.
  var channel: Int
  var count: Int
  /// Which of the concatenated arrays has them.
  var piece: Int
  /// First channel within the piece.
  var channelInPiece: Int
}

extension ChannelRun {
  /// Cuts the channels of concatenated pieces where a piece ends, or a block of a piece or of one of
  /// the `whole` arrays, which have all channels.
  static func runs(of pieces: [ChannelArray], and whole: [ChannelArray]) -> [ChannelRun] {
    var runs: [ChannelRun] = []
    var start = 0
    for (index, piece) in pieces.map(\.native).enumerated() {
      var channel = 0
      while channel < piece.channels {
        let rest =
          [piece.channels - channel, piece.block - channel % piece.block]
          + whole.map { $0.native.block - (start + channel) % $0.native.block }
        let count = rest.min() ?? 0
        runs.append(
          ChannelRun(
            channel: start + channel, count: count, piece: index, channelInPiece: channel))
        channel += count
      }
      start += piece.channels
    }
    return runs
  }

  /// The run as kernels take it, in the arrays that they touch.
  func slice(
    source: aver_channel_run, destination: aver_channel_run = aver_channel_run(),
    gradient: aver_channel_run = aver_channel_run(), adds: Bool = false
  ) -> aver_channel_slice {
    aver_channel_slice(
      channel: channel, channels: count, source: source, destination: destination,
      gradient: gradient, adds: adds)
  }
}

extension ChannelArray {
  var extent: aver_extent {
    aver_extent(images: native.batch, pixels: native.pixels, type: native.type)
  }

  /// The channels from `channel` to the end of its block, of the array at `address`.
  func run(from channel: Int, at address: UnsafeMutableRawPointer) -> aver_channel_run {
    let (block, offset) = channel.quotientAndRemainder(dividingBy: native.block)
    let blocks = (native.channels + native.block - 1) / native.block
    let element = block * native.pixels * native.block + offset
    return aver_channel_run(
      address: address + element * (native.type == aver_bf16 ? 2 : 4),
      image_stride: blocks * native.pixels * native.block, pixel_stride: native.block)
  }
}

/// The channels that fill up the last block of an array, which oneDNN wants to be zero.
struct ChannelPadding {
  let extent: aver_extent
  let run: aver_channel_run
  let count: Int

  /// Nil where the channels fill all blocks.
  init?(of array: ChannelArray, at address: UnsafeMutableRawPointer) {
    let rest = array.native.channels % array.native.block
    guard rest > 0 else { return nil }
    extent = array.extent
    run = array.run(from: array.native.channels, at: address)
    count = array.native.block - rest
  }

  func clear() { aver_clear_channels(extent, run, count) }
}

extension PlanBuilder {
  /// Gives a value the layout that its reader prefers, or one like an input's.
  func defineChannels(of value: ValueID, like input: ChannelArray, layer: String) throws
    -> ChannelArray
  {
    let (shape, type) = (shape(of: value), precision.dataType)
    let channelsLast = try MemoryDescriptor.strided(shape, type, order: [0, 2, 3, 1])
    let blocks = try [16, 8].map { try MemoryDescriptor.channelBlocks(shape, type, block: $0) }
    let preferred = try preferredLayout(of: value)
    let supported = ([channelsLast] + blocks).first { preferred?.isEqual(to: $0) == true }
    let isBlocked = input.native.block < input.native.channels
    let own = isBlocked ? blocks[input.native.block == 16 ? 0 : 1] : channelsLast
    return try channelArray(
      define(value, layout: supported ?? own), shape: shape, layer: layer)
  }
}
