import Foundation
import ProtocolBuffers

/// An `Event` of TensorFlow's protocol.
///
/// - Source: tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
struct EventMessage {
  enum Content {
    case fileVersion(String)
    case sessionStart
    case summary([SummaryValue])
  }

  var date: Date
  var step: Int
  var content: Content

  /// The message in protocol-buffer encoding.
  var encoded: [UInt8] {
    var event = ProtocolBuffer()
    event.append(field: 1, double: date.timeIntervalSince1970)
    event.append(field: 2, integer: step)
    switch content {
    case .fileVersion(let version): event.append(field: 3, bytes: Array(version.utf8))
    case .summary(let values):
      var summary = ProtocolBuffer()
      for value in values { summary.append(field: 1, bytes: value.encoded) }
      event.append(field: 5, bytes: summary.bytes)
    case .sessionStart:
      var session = ProtocolBuffer()
      session.append(field: 1, integer: 1)
      event.append(field: 7, bytes: session.bytes)
    }
    return event.bytes
  }
}

/// One value of a step, under the name by which TensorBoard groups them.
struct SummaryValue {
  enum Content {
    case scalar(Float)
    case histogram(ValueHistogram)
    /// Shown as it is.
    case image(JPEGPicture)
    /// Shown as Markdown.
    case text(String)
  }

  var tag: String
  var content: Content

  init(_ tag: String, _ content: Content) {
    self.tag = tag
    self.content = content
  }

  /// The value in protocol-buffer encoding.
  fileprivate var encoded: [UInt8] {
    var value = ProtocolBuffer()
    value.append(field: 1, bytes: Array(tag.utf8))
    switch content {
    case .scalar(let number): value.append(field: 2, float: number)
    case .image(let picture):
      var image = ProtocolBuffer()
      image.append(field: 1, integer: picture.height)
      image.append(field: 2, integer: picture.width)
      image.append(field: 3, integer: Self.colorChannels)
      image.append(field: 4, bytes: picture.file)
      value.append(field: 4, bytes: image.bytes)
    case .histogram(let histogram): value.append(field: 5, bytes: histogram.encoded)
    case .text(let text):
      value.append(field: 8, bytes: Self.tensor(text))
      value.append(field: 9, bytes: Self.textMetadata)
    }
    return value.bytes
  }

  private static let colorChannels = 3
  /// `DT_STRING` of tensorflow/core/framework/types.proto.
  private static let stringType = 7

  /// A tensor without axes that holds a text.
  private static func tensor(_ text: String) -> [UInt8] {
    var tensor = ProtocolBuffer()
    tensor.append(field: 1, integer: stringType)
    tensor.append(field: 2, bytes: [])
    tensor.append(field: 8, bytes: Array(text.utf8))
    return tensor.bytes
  }

  /// Names the plugin that shows the tensor.
  private static var textMetadata: [UInt8] {
    var plugin = ProtocolBuffer()
    plugin.append(field: 1, bytes: Array("text".utf8))
    var metadata = ProtocolBuffer()
    metadata.append(field: 1, bytes: plugin.bytes)
    return metadata.bytes
  }
}

/// How many values of an array lie where: buckets of equal width between the least and the largest.
struct ValueHistogram: Equatable {
  private static let bucketCount = 30

  private(set) var minimum = 0.0
  private(set) var maximum = 0.0
  private(set) var sum = 0.0
  private(set) var sumOfSquares = 0.0
  /// How many values each bucket has.
  private(set) var counts: [Double]

  /// Counts finite values; nil where there are none.
  init?(of values: some Collection<Float>) {
    var (least, most) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite {
      least = min(least, value)
      most = max(most, value)
    }
    guard least <= most else { return nil }
    (minimum, maximum) = (Double(least), Double(most))
    counts = [Double](repeating: 0, count: least == most ? 1 : Self.bucketCount)
    let scale = least == most ? 0 : Double(counts.count) / (maximum - minimum)
    for value in values where value.isFinite {
      let number = Double(value)
      sum += number
      sumOfSquares += number * number
      counts[min(counts.count - 1, Int((number - minimum) * scale))] += 1
    }
  }

  /// The upper end of each bucket.
  private var limits: [Double] {
    counts.indices.map {
      minimum + (maximum - minimum) * Double($0 + 1) / Double(counts.count)
    }
  }

  /// The histogram in protocol-buffer encoding.
  fileprivate var encoded: [UInt8] {
    var histogram = ProtocolBuffer()
    let numbers = [minimum, maximum, counts.reduce(0, +), sum, sumOfSquares]
    // The default is not written, as protoc's encoders do.
    for (index, number) in numbers.enumerated() where number != 0 {
      histogram.append(field: index + 1, double: number)
    }
    histogram.append(field: 6, doubles: limits)
    histogram.append(field: 7, doubles: counts)
    return histogram.bytes
  }
}
