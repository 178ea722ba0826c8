/// How a face becomes a training sample: crop, flip, colours, size and normalisation.
public struct Augmentation: Equatable, Sendable {
  /// Mean of ImageNet's red, green and blue in 0...1, which published weights expect.
  public static let imageNetMean = SIMD3<Float>(0.485, 0.456, 0.406)
  /// Standard deviation of ImageNet's red, green and blue in 0...1.
  public static let imageNetStandardDeviation = SIMD3<Float>(0.229, 0.224, 0.225)

  /// Height and width of a sample, in pixels.
  public var imageSize: Int
  /// How faces are turned upright by their eyes; nil leaves them as they are in their boxes.
  public var alignment: FaceAlignment?
  /// The part of the face's area that a random crop takes.
  public var cropScale: ClosedRange<Float>
  /// Width by height of a random crop.
  public var cropRatio: ClosedRange<Float>
  /// How often a sample is mirrored, 0 to 1.
  public var flipProbability: Float
  /// Brightness is multiplied by 1 ± this.
  public var brightness: Float
  /// Contrast is multiplied by 1 ± this.
  public var contrast: Float
  /// Saturation is multiplied by 1 ± this.
  public var saturation: Float
  /// How often a sample loses its colours, 0 to 1.
  public var grayscaleProbability: Float
  /// Operations of RandAugment that a sample undergoes after crop and flip, before the colours change.
  public var randAugmentOperations: Int
  /// Their strength, 0 to 30.
  public var randAugmentStrength: Int
  /// How often a rectangle of a sample becomes the mean colour, 0 to 1.
  public var erasingProbability: Float
  /// Subtracted from red, green and blue in 0...1.
  public var mean: SIMD3<Float>
  /// What the difference is divided by.
  public var standardDeviation: SIMD3<Float>

  /// An augmentation with every field given, rarer changes left out unless asked for; evaluation uses
  /// only size, alignment, mean and deviation.
  public init(
    imageSize: Int, alignment: FaceAlignment? = nil, cropScale: ClosedRange<Float>,
    cropRatio: ClosedRange<Float>,
    flipProbability: Float, brightness: Float, contrast: Float, saturation: Float,
    grayscaleProbability: Float = 0, randAugmentOperations: Int = 0, randAugmentStrength: Int = 9,
    erasingProbability: Float = 0,
    mean: SIMD3<Float> = Self.imageNetMean,
    standardDeviation: SIMD3<Float> = Self.imageNetStandardDeviation
  ) {
    self.imageSize = imageSize
    self.alignment = alignment
    self.cropScale = cropScale
    self.cropRatio = cropRatio
    self.flipProbability = flipProbability
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.grayscaleProbability = grayscaleProbability
    self.randAugmentOperations = randAugmentOperations
    self.randAugmentStrength = randAugmentStrength
    self.erasingProbability = erasingProbability
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The same crop and flip of each sample, and nothing else that is random.
  public var geometryOnly: Augmentation {
    var geometry = self
    (geometry.brightness, geometry.contrast, geometry.saturation) = (0, 0, 0)
    (geometry.grayscaleProbability, geometry.erasingProbability) = (0, 0)
    geometry.randAugmentOperations = 0
    return geometry
  }

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    try DatasetError.require(
      (8...4096).contains(imageSize), "image size", "\(imageSize) is not 8 to 4096")
    try alignment?.validate()
    try DatasetError.require(
      cropScale.lowerBound > 0 && cropScale.upperBound <= 1, "crop scale",
      "\(cropScale) is not within 0 to 1, without 0")
    try DatasetError.require(
      cropRatio.lowerBound > 0 && cropRatio.upperBound.isFinite, "crop ratio",
      "\(cropRatio) is not positive")
    for (name, value) in [
      ("flip probability", flipProbability), ("grayscale probability", grayscaleProbability),
      ("erasing probability", erasingProbability),
    ] {
      try DatasetError.require((0...1).contains(value), name, "\(value) is not 0 to 1")
    }
    try DatasetError.require(
      (0...16).contains(randAugmentOperations), "RandAugment's operations",
      "\(randAugmentOperations) is not 0 to 16")
    try DatasetError.require(
      (0...RandAugment.strongest).contains(randAugmentStrength), "RandAugment's strength",
      "\(randAugmentStrength) is not 0 to \(RandAugment.strongest)")
    for (name, value) in [
      ("brightness", brightness), ("contrast", contrast), ("saturation", saturation),
    ] {
      try DatasetError.require(
        value >= 0 && value.isFinite, name, "\(value) is negative or infinite")
    }
    try DatasetError.require(
      standardDeviation.min() > 0, "standard deviation", "\(standardDeviation) is not positive")
  }
}

/// Which random numbers belong to a sample: augmentation is a pure function of this.
public struct SampleKey: Equatable, Sendable {
  /// The seed of the run.
  public var seed: UInt64
  /// The epoch, counted from 0.
  public var epoch: Int
  /// The sample, as an index into the manifest's records.
  public var sample: Int32
  /// How often the epoch drew the sample before: not 0 only where classes are balanced.
  public var draw: Int32

  /// A key with every field given.
  public init(seed: UInt64, epoch: Int, sample: Int32, draw: Int32 = 0) {
    self.seed = seed
    self.epoch = epoch
    self.sample = sample
    self.draw = draw
  }

  /// The `index` of a `CounterRandom`: the sample below, its draw in the 16 bits above.
  var randomIndex: Int { Int(sample) | Int(draw & 0xFFFF) << 32 }
}
