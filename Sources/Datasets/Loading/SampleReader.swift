import CounterRandom
import Media

/// Turns records into samples: reads, decodes, crops, augments and normalises.
///
/// What comes out is a pure function of the image file, the record and the key. Each thread has its
/// own reader; it keeps its buffers from sample to sample.
public final class SampleReader: SampleSource {
  private let manifest: FaceManifest
  private let augmentation: Augmentation
  private let decoder: ImageDecoder
  private let shards: ShardReader?
  private let resampler: Resampler
  private let sampler: GridSampler
  private let pixels = PixelBuffer()
  private let planes = ImagePlanes()
  private let format: SampleFormat

  /// - Throws: `MediaError.codec` when a codec library cannot start, `DatasetError.setting`.
  public convenience init(
    manifest: FaceManifest, augmentation: Augmentation, format: SampleFormat = .plain
  ) throws {
    try self.init(
      manifest: manifest, augmentation: augmentation, format: format,
      shards: OpenShards(of: manifest))
  }

  /// A reader that has the open shards in common with others; nil where images are files.
  init(
    manifest: FaceManifest, augmentation: Augmentation, format: SampleFormat, shards: OpenShards?
  ) throws {
    try augmentation.validate()
    self.manifest = manifest
    self.augmentation = augmentation
    self.format = format
    decoder = try ImageDecoder()
    self.shards = shards.map(ShardReader.init)
    resampler = Resampler(size: augmentation.imageSize)
    sampler = GridSampler(
      size: augmentation.imageSize, border: augmentation.alignment?.border ?? .black)
  }

  /// Colours of one sample.
  public var sampleCount: Int { 3 * augmentation.imageSize * augmentation.imageSize }

  /// Bytes of one sample.
  public var sampleBytes: Int { sampleCount * format.elementBytes }

  /// Reads a sample as training sees it: a random crop of the face, jittered.
  ///
  /// - Shapes: `output` is `[size, size, 3]` or as the reader's format says, normalised.
  /// - Throws: `SampleProblem` naming list, line and image.
  public func readForTraining(
    _ key: SampleKey, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem) {
    try read(key.sample) { face in
      var generator = key.generator(.crop)
      return face.random(
        scale: augmentation.cropScale, ratio: augmentation.cropRatio, from: &generator)
    } mirrored: {
      var generator = key.generator(.flip)
      return generator.uniform() < augmentation.flipProbability
    }
    changeColours(key)
    write(to: output)
    erase(key, output)
  }

  /// Reads a sample as evaluation sees it: the whole face.
  ///
  /// - Shapes: `output` is `[size, size, 3]` or as the reader's format says, normalised.
  /// - Throws: `SampleProblem` naming list, line and image.
  public func readForEvaluation(
    _ sample: Int32, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem) {
    try read(sample) {
      $0
    } mirrored: {
      false
    }
    write(to: output)
  }

  /// RandAugment, jitter and loss of colours, in this order.
  private func changeColours(_ key: SampleKey) {
    if augmentation.randAugmentOperations > 0 {
      var generator = key.generator(.randAugment)
      RandAugment(
        operations: augmentation.randAugmentOperations, strength: augmentation.randAugmentStrength
      ).apply(to: planes, from: &generator)
    }
    let isJittered =
      augmentation.brightness > 0 || augmentation.contrast > 0 || augmentation.saturation > 0
    if isJittered {
      var generator = key.generator(.colorJitter)
      ColorJitter(augmentation, from: &generator).apply(to: planes)
    }
    if happens(augmentation.grayscaleProbability, key.generator(.grayscale)) {
      planes.scale(by: 0, addingOwnGrey: 1)
    }
  }

  /// Makes a rectangle of a written sample zero: the mean colour.
  private func erase(_ key: SampleKey, _ output: UnsafeMutableRawPointer) {
    var generator = key.generator(.erasing)
    guard augmentation.erasingProbability > 0,
      generator.uniform() < augmentation.erasingProbability,
      let box = RandomErasing.rectangle(size: augmentation.imageSize, from: &generator)
    else { return }
    format.forEachRow(of: box, in: .image(size: augmentation.imageSize)) { bytes in
      output.advanced(by: bytes.lowerBound).initializeMemory(
        as: UInt8.self, repeating: 0, count: bytes.count)
    }
  }

  private func happens(_ probability: Float, _ generator: CounterRandom) -> Bool {
    var generator = generator
    return probability > 0 && generator.uniform() < probability
  }

  func label(of sample: Int32) -> Int32 {
    Int32(manifest.records.expression(at: Int(sample))?.rawValue ?? 0)
  }

  /// Only where they lie in shards.
  func prepare(_ upcoming: [Range<Int>]) { shards?.willNeed(upcoming) }

  /// Decodes and resizes a part of an image into `planes`.
  private func read(
    _ sample: Int32, crop: (CropBox) -> CropBox, mirrored: () -> Bool
  ) throws(SampleProblem) {
    let record = manifest.records[Int(sample)]
    let path = shards?.name(of: Int(sample)) ?? manifest.path(of: record)
    do {
      let size =
        try shards.map { try decoder.open(bytes: try $0.bytes(of: Int(sample)), name: path) }
        ?? decoder.open(path)
      guard let face = FaceArea(of: record, in: size, alignment: augmentation.alignment) else {
        throw FaceOutside(path: path, size: size)
      }
      try resample(face.replacingBox(by: crop), mirrored: mirrored())
    } catch {
      throw SampleProblem(
        sample: sample, file: manifest.path, line: record.line, reason: "\(error)")
    }
  }

  /// Decodes the image that is open and brings a part of it to the sample's size.
  private func resample(_ area: FaceArea, mirrored: Bool) throws {
    let size = augmentation.imageSize
    switch area {
    case .upright(let crop):
      let reduction = try decoder.decode(
        into: pixels, reduction: .largest(keeping: crop.size, above: size), keepsGrey: true)
      resampler.resize(pixels, crop: crop, reduction: reduction, mirrored: mirrored, into: planes)
    case .aligned(let crop, let transform):
      let grid = SamplingGrid(dividing: crop, by: size, transform: transform)
      let reduction = try decoder.decode(
        into: pixels, reduction: grid.largestReduction, keepsGrey: true)
      let turned = mirrored ? grid.mirrored(size: size) : grid
      sampler.sample(pixels, at: turned.reduced(by: reduction), into: planes)
    }
  }

  /// Normalises `planes` on the way out.
  private func write(to output: UnsafeMutableRawPointer) {
    let factor = 1 / augmentation.standardDeviation
    planes.write(to: output, format: format, factor: factor, added: -augmentation.mean * factor)
  }
}

extension SampleProblem: Error {}

/// A face that has no pixel in common with its image.
private struct FaceOutside: Error, CustomStringConvertible {
  let path: String
  let size: ImageSize
  var description: String {
    "\(path): the face lies outside the image of \(size.width)x\(size.height) pixels"
  }
}

extension SampleKey {
  func generator(_ purpose: RandomPurpose) -> CounterRandom {
    CounterRandom(seed: seed, epoch: epoch, index: randomIndex, purpose: purpose)
  }
}
