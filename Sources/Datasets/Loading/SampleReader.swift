import CounterRandom
import Media

/// Turns records into samples: reads, decodes, crops, augments and normalises.
///
/// What comes out is a pure function of the image file, the record and the key. Each thread has its
/// own reader; it keeps its buffers from sample to sample.
public final class SampleReader {
  private let manifest: FaceManifest
  private let augmentation: Augmentation
  private let decoder: ImageDecoder
  private let resampler: Resampler
  private let pixels = PixelBuffer()

  /// - Throws: `MediaError.codec` when a codec library cannot start, `DatasetError.setting`.
  public init(manifest: FaceManifest, augmentation: Augmentation) throws {
    try augmentation.validate()
    self.manifest = manifest
    self.augmentation = augmentation
    decoder = try ImageDecoder()
    resampler = Resampler(size: augmentation.imageSize)
  }

  /// Floats of one sample.
  public var sampleCount: Int { 3 * augmentation.imageSize * augmentation.imageSize }

  /// Reads a sample as training sees it: a random crop of the face box, jittered.
  ///
  /// - Shapes: `output` is `[size, size, 3]`, float32, normalised.
  /// - Throws: `SampleProblem` naming list, line and image.
  public func readForTraining(
    _ key: SampleKey, into output: UnsafeMutablePointer<Float>
  ) throws(SampleProblem) {
    try read(key.sample, into: output) { face in
      var generator = key.generator(.crop)
      return face.random(
        scale: augmentation.cropScale, ratio: augmentation.cropRatio, from: &generator)
    } mirrored: {
      var generator = key.generator(.flip)
      return generator.uniform() < augmentation.flipProbability
    }
    let isJittered =
      augmentation.brightness > 0 || augmentation.contrast > 0 || augmentation.saturation > 0
    if isJittered {
      var generator = key.generator(.colorJitter)
      ColorJitter(augmentation, from: &generator).apply(to: output, pixels: sampleCount / 3)
    }
    normalise(output)
  }

  /// Reads a sample as evaluation sees it: the whole face box.
  ///
  /// - Shapes: `output` is `[size, size, 3]`, float32, normalised.
  /// - Throws: `SampleProblem` naming list, line and image.
  public func readForEvaluation(
    _ sample: Int32, into output: UnsafeMutablePointer<Float>
  ) throws(SampleProblem) {
    try read(sample, into: output) {
      $0
    } mirrored: {
      false
    }
    normalise(output)
  }

  private func read(
    _ sample: Int32, into output: UnsafeMutablePointer<Float>,
    crop: (CropBox) -> CropBox, mirrored: () -> Bool
  ) throws(SampleProblem) {
    let record = manifest.records[Int(sample)]
    let path = manifest.path(of: record)
    do {
      let size = try decoder.open(path)
      guard let face = CropBox(clamping: record.faceBox, to: size) else {
        throw FaceOutside(path: path, size: size)
      }
      let crop = crop(face)
      let reduction = try decoder.decode(
        into: pixels,
        reduction: .largest(keeping: crop.size, above: augmentation.imageSize))
      resampler.resize(
        pixels, crop: crop, reduction: reduction, mirrored: mirrored(), into: output)
    } catch {
      throw SampleProblem(
        sample: sample, file: manifest.path, line: record.line, reason: "\(error)")
    }
  }

  private func normalise(_ image: UnsafeMutablePointer<Float>) {
    let factor = 1 / augmentation.standardDeviation
    let added = -augmentation.mean * factor
    // Scalars, because a vector indexed by a variable goes through memory.
    let (red, green, blue) = (factor.x, factor.y, factor.z)
    for index in stride(from: 0, to: sampleCount, by: 3) {
      image[index] = image[index] * red + added.x
      image[index + 1] = image[index + 1] * green + added.y
      image[index + 2] = image[index + 2] * blue + added.z
    }
  }
}

extension SampleProblem: Error {}

/// A face box that has no pixel in common with its image.
private struct FaceOutside: Error, CustomStringConvertible {
  let path: String
  let size: ImageSize
  var description: String {
    "\(path): the face box lies outside the image of \(size.width)x\(size.height) pixels"
  }
}

extension SampleKey {
  func generator(_ purpose: RandomPurpose) -> CounterRandom {
    CounterRandom(seed: seed, epoch: epoch, index: randomIndex, purpose: purpose)
  }
}
