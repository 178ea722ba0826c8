import Datasets

/// How faces lie in samples: the names of `data.alignment`.
enum FacePlacement: String, Sendable, ConfigurationChoice {
  /// As they lie in their boxes.
  case box
  /// Turned upright and scaled by their eyes.
  case eyes
}

/// `data.augmentation`: random changes of training images.
struct AugmentationSection: ExtendingSection {
  /// How samples are mixed.
  var base = MixingSection()
  /// Part of the face's area that a crop keeps.
  var cropScale = 0.7...1.0
  /// Width by height of a crop.
  var cropRatio = 0.75...1.3333
  /// Probability of mirroring.
  var flip = 0.5
  /// Largest relative change.
  var brightness = 0.2
  /// Largest relative change.
  var contrast = 0.2
  /// Largest relative change.
  var saturation = 0.2
  /// Probability of losing all colours.
  var grayscale = 0.0
  /// Operations of RandAugment on each image.
  var randAugmentOperations = 0
  /// Their strength.
  var randAugmentStrength = 9
  /// Probability of erasing a rectangle.
  var erasing = 0.0
  /// Beyond it nothing is left of a picture.
  private static let largestChange = 10.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "crop_scale", \.cropScale, "Part of the face's area that a random crop keeps.",
        must: Requirement(words: "within 0.001 and 1") {
          $0.lowerBound >= 0.001 && $0.upperBound <= 1
        }),
      ConfigurationKey(
        "crop_ratio", \.cropRatio, "Width by height of a random crop.",
        must: Requirement(words: "within 0.01 and 100") {
          $0.lowerBound >= 0.01 && $0.upperBound <= 100
        }),
      ConfigurationKey("flip", \.flip, "Probability of mirroring.", must: .fraction),
      ConfigurationKey(
        "brightness", \.brightness, "Brightness is multiplied by 1 ± up to this.",
        must: .from(0, to: largestChange)),
      ConfigurationKey(
        "contrast", \.contrast, "Contrast is multiplied by 1 ± up to this.",
        must: .from(0, to: largestChange)),
      ConfigurationKey(
        "saturation", \.saturation, "Saturation is multiplied by 1 ± up to this.",
        must: .from(0, to: largestChange)),
      ConfigurationKey(
        "grayscale", \.grayscale, "Probability of losing all colours.", must: .fraction),
      ConfigurationKey(
        "randaugment_operations", \.randAugmentOperations,
        "Operations of RandAugment on each image, after crop and flip; 0 for none.",
        must: .from(0, to: 16)),
      ConfigurationKey(
        "randaugment_strength", \.randAugmentStrength, "Strength of RandAugment's operations.",
        must: .from(0, to: 30)),
      ConfigurationKey(
        "erasing", \.erasing, "Probability of erasing a rectangle (random erasing).",
        must: .fraction),
    ] + baseKeys
  }
}

/// `data`: the samples and how they reach the step.
struct DataSection: ExtendingSection {
  /// How they are loaded.
  var base = LoadingSection()
  /// The folder that image paths are relative to.
  var root = ""
  /// The training list, relative to the root.
  var train = "training.csv"
  /// The validation list, relative to the root.
  var validation = "validation.csv"
  /// How many images in a row of a lane are mixed where the training list is in shards.
  var shuffleWindow = 1024
  /// How faces lie in samples.
  var alignment = FacePlacement.box
  /// Random changes of training images.
  var augmentation = AugmentationSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "root", \.root, "Folder of the data set (AffectNet's layout).",
        must: .folder, changesResult: false, isRequired: true),
      ConfigurationKey(
        "train", \.train,
        "Training list: a CSV, the index of shards, or shards (train-{000000..000099}.tar); relative to "
          + "the root."),
      ConfigurationKey(
        "validation", \.validation, "Validation list, of the same kinds; relative to the root.",
        changesResult: false),
      ConfigurationKey(
        "shuffle_window", \.shuffleWindow,
        "Of shards: how many images in a row are mixed in each of a step's micro-batches' lanes.",
        must: .oneTo(1 << 30)),
      ConfigurationKey(
        "alignment", \.alignment,
        "Faces as their boxes cut them, or turned upright and scaled by their eyes, where known."),
    ] + baseKeys + section("augmentation", \.augmentation)
  }

  /// The training list's path.
  var trainPath: String { path(of: train) }
  /// The validation list's path.
  var validationPath: String { path(of: validation) }

  /// How an epoch goes through the shards of a list, nil where it has none.
  func windows(of manifest: FaceManifest) -> ShardWindows? {
    manifest.shards.map {
      ShardWindows(sampleCounts: $0.map(\.sampleCount), window: shuffleWindow)
    }
  }

  /// - Throws: `TrainerError.missingData` naming the key of what is not there.
  func requireFiles() throws {
    for (key, path) in [
      ("data.root", root), ("data.train", trainPath), ("data.validation", validationPath),
    ] where !FaceManifest.listExists(path: path) {
      throw TrainerError.missingData(path: path, key: key)
    }
  }

  /// Reads one of the lists.
  ///
  /// - Throws: `DatasetError`, also where eyes are asked for and the list has none.
  func manifest(_ path: String) throws -> FaceManifest {
    let manifest = try FaceManifest.list(
      path: path, root: root, readsEyes: alignment == .eyes, onError: base.errorPolicy)
    if alignment == .eyes, manifest.records.countWithEyes == 0 {
      throw DatasetError.setting(
        name: "data.alignment",
        reason: "no face of \(path) has eyes (68 points in facial_landmarks); use box")
    }
    return manifest
  }

  /// The augmentation as Datasets takes it, for samples of `imageSize` pixels.
  func augmentation(imageSize: Int) -> Augmentation {
    augmentation.augmentation(
      imageSize: imageSize, alignment: alignment == .eyes ? FaceAlignment() : nil)
  }

  private func path(of list: String) -> String {
    list.hasPrefix("/") ? list : "\(root)/\(list)"
  }
}

extension AugmentationSection {
  fileprivate func augmentation(imageSize: Int, alignment: FaceAlignment?) -> Augmentation {
    Augmentation(
      imageSize: imageSize, alignment: alignment,
      cropScale: Float(cropScale.lowerBound)...Float(cropScale.upperBound),
      cropRatio: Float(cropRatio.lowerBound)...Float(cropRatio.upperBound),
      flipProbability: Float(flip), brightness: Float(brightness), contrast: Float(contrast),
      saturation: Float(saturation), grayscaleProbability: Float(grayscale),
      randAugmentOperations: randAugmentOperations, randAugmentStrength: randAugmentStrength,
      erasingProbability: Float(erasing))
  }
}
