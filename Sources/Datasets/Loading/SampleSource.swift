/// Makes the samples of one kind of data, for one thread of a `BatchLoader`.
///
/// What comes out is a pure function of the files, the sample's number and the key: whichever thread or
/// rank asks gets the same bits.
protocol SampleSource: AnyObject {
  /// Bytes of one sample.
  var sampleBytes: Int { get }

  /// The class of a sample; 0 where it has none.
  func label(of sample: Int32) -> Int32

  /// Tells the system which samples will be read soon.
  func prepare(_ upcoming: [Range<Int>])

  /// Makes a sample as training sees it, changed at random.
  ///
  /// - Throws: `SampleProblem` naming list, line and file.
  func readForTraining(
    _ key: SampleKey, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem)

  /// Makes a sample as evaluation sees it.
  ///
  /// - Throws: `SampleProblem` naming list, line and file.
  func readForEvaluation(
    _ sample: Int32, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem)
}

/// The extents of a sample: those of an image, or of a spectrogram as an image of one channel.
struct SampleShape: Equatable, Sendable {
  /// Pixels of a column; frames of a spectrogram.
  var height: Int
  /// Pixels of a row; bands of a spectrogram.
  var width: Int
  /// Values of a pixel.
  var channels: Int

  /// The shape of a square colour image.
  static func image(size: Int) -> SampleShape {
    SampleShape(height: size, width: size, channels: 3)
  }

  /// Values of a sample.
  var count: Int { height * width * channels }
}

extension SampleFormat {
  /// Calls `body` with the bytes of each row of a rectangle within a sample.
  func forEachRow(of box: CropBox, in shape: SampleShape, _ body: (Range<Int>) -> Void) {
    let planes = order == .channelsFirst ? shape.channels : 1
    let pixelBytes =
      order == .channelsFirst ? elementBytes : shape.channels * elementBytes
    for plane in 0..<planes {
      for row in box.y..<(box.y + box.height) {
        let first = ((plane * shape.height + row) * shape.width + box.x) * pixelBytes
        body(first..<(first + box.width * pixelBytes))
      }
    }
  }
}
