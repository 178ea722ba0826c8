import Foundation
import Testing

@testable import Trainer

@Suite("TensorBoard's summaries")
struct TensorBoardTests {
  @Test(
    "histograms, images and texts are byte for byte what TensorBoard's own writer makes of them")
  func summaries() throws {
    let histogram = try #require(ValueHistogram(of: [-1.5, 0, 0.25, 2]))
    let message = EventMessage(
      date: Date(timeIntervalSince1970: 1_700_000_002.5), step: 7,
      content: .summary([
        SummaryValue("weights/fc.weight", .histogram(histogram)),
        SummaryValue(
          "training/images",
          .image(
            JPEGPicture(width: 3, height: 2, file: [0xFF, 0xD8] + Array(" no real file".utf8)))),
        SummaryValue("validation/confusion", .text("| a |")),
      ]))
    #expect(TensorFlowRecord.frame(message.encoded) == Array(try golden("summaries.bin")))
  }

  @Test("a histogram counts every finite value once")
  func histogram() throws {
    var generator = SystemRandomNumberGenerator()
    let values = (0..<500).map { _ in Float.random(in: -2...3, using: &generator) }
    let histogram = try #require(ValueHistogram(of: values + [.nan, .infinity]))
    #expect(histogram.counts.reduce(0, +) == 500)
    #expect(histogram.minimum == Double(values.min() ?? 0))
    let flat = try #require(ValueHistogram(of: [0.5, 0.5]))
    #expect(flat.counts == [2] && flat.minimum == 0.5 && flat.maximum == 0.5)
    #expect(ValueHistogram(of: [.nan]) == nil)
    #expect(ValueHistogram(of: []) == nil)
  }
}
