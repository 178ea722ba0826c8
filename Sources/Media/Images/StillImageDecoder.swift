import CFFmpeg

/// Decodes images that are not JPEG by libavcodec; used by one thread at a time.
///
/// Each image gets a decoder of its own, so that nothing of a broken one reaches the next.
final class StillImageDecoder {
  private let frame: Frame
  private let packet: Packet
  private let scaler = PictureScaler()

  init() throws {
    frame = try Frame()
    packet = try Packet()
  }

  /// Decodes the first picture of `bytes`, which are not needed afterwards.
  ///
  /// - Returns: the size of the picture.
  func open(_ bytes: UnsafeRawBufferPointer, format: ImageFormat, file: String) throws -> ImageSize
  {
    if let stated = ImageHeader(bytes).size(format) { try stated.requireDecodable(file) }
    if format == .gif && bytes.last(where: { $0 != 0 }) != UInt8(ascii: ";") {
      // FFmpeg takes a picture whose last rows are missing for whole.
      throw MediaError.broken(file: file, format: format, reason: "ends without its trailer")
    }
    try StillImageCodec(format).decode(bytes, packet, into: frame, file: file)
    return frame.size
  }

  /// Gives the picture opened last: grey, palette and 16 bit become 8-bit RGB.
  ///
  /// Transparency is dropped, as PIL's and torchvision's conversions to RGB do.
  func decode(into pixels: PixelBuffer) throws {
    pixels.resize(frame.size)
    let format = AVPixelFormat(rawValue: frame.pointer.pointee.format)
    if let layout = ExactSamples(format) {
      layout.copy(frame, into: pixels.bytes)
    } else if format == AV_PIX_FMT_PAL8 {
      PaletteSamples.copy(frame, into: pixels.bytes)
    } else {
      try scaler.convert(frame, into: pixels.bytes)
    }
  }
}

/// Owns one `AVCodecContext` that decodes one image.
private final class StillImageCodec {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let format: ImageFormat

  init(_ format: ImageFormat) throws {
    guard let codec = avcodec_find_decoder(format.codec),
      let context = avcodec_alloc_context3(codec)
    else { throw MediaError.codec(reason: "FFmpeg was built without \(format.rawValue)") }
    self.context = context
    self.format = format
    context.pointee.thread_count = 1
    context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
    // What is damaged must fail: half a picture must not pass for a face.
    context.pointee.err_recognition =
      AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE
    context.pointee.get_buffer2 = { context, frame, flags in
      guard let frame, Int(frame.pointee.width) * Int(frame.pointee.height) <= pixelLimit else {
        return aver_error_invalid_data
      }
      return avcodec_default_get_buffer2(context, frame, flags)
    }
    try libav({ .codec(reason: $0) }) { avcodec_open2(context, codec, nil) }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
  }

  func decode(
    _ bytes: UnsafeRawBufferPointer, _ packet: Packet, into frame: Frame, file: String
  ) throws {
    packet.clear()
    defer { packet.clear() }
    // Without a buffer of its own the packet is copied, with the padding that decoders need.
    packet.pointer.pointee.data = UnsafeMutablePointer(
      mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    packet.pointer.pointee.size = CInt(bytes.count)
    packet.pointer.pointee.flags = AV_PKT_FLAG_KEY
    try libav({ self.failure(file, $0) }) {
      let sent = avcodec_send_packet(context, packet.pointer)
      return sent < 0 ? sent : avcodec_receive_frame(context, frame.pointer)
    }
    // Some decoders complain and go on with what is there ("not enough data").
    if let complaint = LibAVLog.message { throw failure(file, complaint) }
    if frame.isDamaged { throw failure(file, "a part of the picture is damaged") }
  }

  private func failure(_ file: String, _ reason: String) -> MediaError {
    let size = ImageSize(
      width: Int(context.pointee.width), height: Int(context.pointee.height))
    guard (try? size.requireDecodable(file)) != nil else { return size.refusal(file) }
    return .broken(file: file, format: format, reason: reason)
  }
}

/// A constant of the file, since a C callback captures nothing.
private let pixelLimit = ImageDecoder.maximumPixels

extension ImageFormat {
  fileprivate var codec: AVCodecID {
    switch self {
    case .jpeg: AV_CODEC_ID_MJPEG
    case .png: AV_CODEC_ID_PNG
    case .webp: AV_CODEC_ID_WEBP
    case .gif: AV_CODEC_ID_GIF
    case .bmp: AV_CODEC_ID_BMP
    case .tiff: AV_CODEC_ID_TIFF
    }
  }
}

extension ImageSize {
  /// Refuses what is larger than images are, before memory is taken for it.
  func requireDecodable(_ file: String) throws {
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow && pixels <= ImageDecoder.maximumPixels else { throw refusal(file) }
  }

  fileprivate func refusal(_ file: String) -> MediaError {
    .tooManyPixels(file: file, width: width, height: height, limit: ImageDecoder.maximumPixels)
  }
}
