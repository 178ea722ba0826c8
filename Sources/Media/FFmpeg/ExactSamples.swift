import CFFmpeg

/// Where red, green and blue lie in a picture of 8- or 16-bit samples without chroma.
///
/// swscale takes most of these formats through YUV and back, which changes values; here grey is
/// copied, 16 bits are rounded to 8, and transparency is dropped.
struct ExactSamples {
  private struct Component {
    var plane: Int
    var offset: Int
    var step: Int
  }

  private var colours: [Component]
  private let isWide: Bool
  private let isBigEndian: Bool

  /// The layout of `format`, nil where it has chroma, a palette or other sample sizes.
  init?(_ format: AVPixelFormat) {
    guard let descriptor = av_pix_fmt_desc_get(format)?.pointee else { return nil }
    let flags = descriptor.flags
    let isRGB = flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
    let unknown =
      AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_FLOAT
      | AV_PIX_FMT_FLAG_HWACCEL
    let components = descriptor.comp
    guard flags & UInt64(unknown) == 0, isRGB || descriptor.nb_components <= 2,
      components.0.depth == 8 || components.0.depth == 16
    else { return nil }
    let used = isRGB ? [components.0, components.1, components.2] : [components.0]
    guard used.allSatisfy({ $0.depth == components.0.depth && $0.shift == 0 }) else { return nil }
    colours = used.map {
      Component(plane: Int($0.plane), offset: Int($0.offset), step: Int($0.step))
    }
    if !isRGB { colours += [colours[0], colours[0]] }
    isWide = components.0.depth == 16
    isBigEndian = flags & UInt64(AV_PIX_FMT_FLAG_BE) != 0
  }

  /// Copies red, green and blue of `frame`.
  ///
  /// - Parameter destination: `[height, width, 4]` of the frame's size, rows without gaps.
  func copy(_ frame: Frame, into destination: UnsafeMutableBufferPointer<UInt8>) {
    let picture = frame.pointer.pointee
    let planes = [picture.data.0, picture.data.1, picture.data.2, picture.data.3]
    let strides = [
      picture.linesize.0, picture.linesize.1, picture.linesize.2, picture.linesize.3,
    ]
    let size = frame.size
    for (index, colour) in colours.enumerated() {
      guard let plane = planes[colour.plane], let target = destination.baseAddress else { continue }
      for row in 0..<size.height {
        let source = plane + row * Int(strides[colour.plane]) + colour.offset
        copyRow(source, step: colour.step, to: target + 4 * row * size.width + index, size.width)
      }
    }
  }

  private func copyRow(
    _ source: UnsafeMutablePointer<UInt8>, step: Int, to target: UnsafeMutablePointer<UInt8>,
    _ count: Int
  ) {
    guard isWide else {
      for column in 0..<count { target[4 * column] = source[step * column] }
      return
    }
    let high = isBigEndian ? 0 : 1
    for column in 0..<count {
      let sample = source + step * column
      let value = UInt32(sample[high]) << 8 | UInt32(sample[1 - high])
      target[4 * column] = UInt8((value * 255 + 32767) / 65535)
    }
  }
}

/// The colours of a palette picture, without their transparency.
enum PaletteSamples {
  /// Copies the colours of `frame`, whose format is `AV_PIX_FMT_PAL8`.
  ///
  /// - Parameter destination: `[height, width, 4]` of the frame's size, rows without gaps.
  static func copy(_ frame: Frame, into destination: UnsafeMutableBufferPointer<UInt8>) {
    let picture = frame.pointer.pointee
    guard let indices = picture.data.0, let palette = picture.data.1 else { return }
    let size = frame.size
    palette.withMemoryRebound(to: UInt32.self, capacity: 256) { colours in
      for row in 0..<size.height {
        let source = indices + row * Int(picture.linesize.0)
        for column in 0..<size.width {
          let colour = colours[Int(source[column])]
          let target = 4 * (row * size.width + column)
          destination[target] = UInt8(truncatingIfNeeded: colour >> 16)
          destination[target + 1] = UInt8(truncatingIfNeeded: colour >> 8)
          destination[target + 2] = UInt8(truncatingIfNeeded: colour)
        }
      }
    }
  }
}
