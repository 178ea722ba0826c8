import Datasets
import TestSupport
import Testing

@testable import Trainer

@Suite("Configuration")
struct ConfigurationTests {
  private let minimal = "data:\n  root: /faces\n"

  /// What loading `yaml` with `overrides` complains about; the file is called `run.yaml`.
  private func mistakes(_ yaml: String, _ overrides: [String] = []) throws -> [String] {
    let folder = try TemporaryFolder()
    let file = try folder.write(yaml, to: "run.yaml")
    do {
      _ = try TeacherConfiguration.load(file: file, overrides: overrides)
      return []
    } catch TrainerError.configuration(let mistakes) {
      return mistakes.map { "\($0)".replacing("\(folder.path)/", with: "") }
    }
  }

  private func load(
    _ yaml: String, _ overrides: [String] = []
  ) throws -> LoadedConfiguration<TeacherConfiguration> {
    let folder = try TemporaryFolder()
    return try TeacherConfiguration.load(
      file: try folder.write(yaml, to: "run.yaml"), overrides: overrides)
  }

  @Test("defaults hold for whatever is not written")
  func defaults() throws {
    var expected = TeacherConfiguration()
    expected.data.root = "/faces"
    #expect(try load(minimal).values == expected)
  }

  @Test("values are read from the file, and arguments win")
  func overrides() throws {
    let yaml = minimal + "seed: 3\nbatch: {global: 128, micro: 32}\n"
    let values = try load(yaml, ["batch.micro=64", "data.augmentation.crop_scale=[0.5, 1]"]).values
    #expect(values.seed == 3)
    #expect(values.batch.global == 128)
    #expect(values.batch.micro == 64)
    #expect(values.data.augmentation.cropScale == 0.5...1)
  }

  @Test("an unknown key names file, line and the nearest key")
  func unknownKey() throws {
    #expect(
      try mistakes(minimal + "optimizer:\n  learning_rte: 0.1\n") == [
        "run.yaml:4: optimizer.learning_rte: unknown key; did you mean 'optimizer.learning_rate'?"
      ])
    #expect(
      try mistakes(minimal + "learning_rate: 0.1\n") == [
        "run.yaml:3: learning_rate: unknown key; did you mean 'optimizer.learning_rate'?"
      ])
    #expect(
      try mistakes(minimal + "optimiser:\n  name: sgd\n") == [
        "run.yaml:3: optimiser: unknown key; did you mean 'optimizer'?"
      ])
  }

  @Test("a wrong type names file, line and what is expected")
  func wrongType() throws {
    #expect(
      try mistakes(minimal + "threads: two\n") == [
        "run.yaml:3: threads: expected a whole number, found 'two'"
      ])
    #expect(
      try mistakes(minimal + "threads: \"2\"\n") == [
        "run.yaml:3: threads: expected a whole number, found '2'"
      ])
    #expect(
      try mistakes(minimal + "precision: f64\n") == [
        "run.yaml:3: precision: expected one of f32, bf16, found 'f64'"
      ])
    #expect(
      try mistakes(minimal + "optimizer:\n  nesterov: yes\n") == [
        "run.yaml:4: optimizer.nesterov: expected true or false, found 'yes'"
      ])
    #expect(
      try mistakes(minimal + "batch: 64\n") == [
        "run.yaml:3: batch: is a section; its keys are batch.global, batch.micro"
      ])
  }

  @Test("numbers need no dot before an exponent, and have to be numbers")
  func numbers() throws {
    #expect(
      try load(minimal + "optimizer: {weight_decay: 1e-4}\n").values.optimizer.weightDecay == 1e-4)
    for wrong in ["nan", ".inf", "0x10", "1,5", "[1]"] {
      #expect(try mistakes(minimal, ["optimizer.learning_rate=\(wrong)"]).count == 1, "\(wrong)")
    }
  }

  @Test(
    "impossible values are refused",
    arguments: [
      "threads=0", "batch.micro=-1", "optimizer.learning_rate=0", "optimizer.momentum=1",
      "schedule.final_fraction=1.5", "data.augmentation.flip=2", "checkpoint.keep=0",
      "data.augmentation.crop_scale=[0, 1]", "data.augmentation.crop_scale=[1, 0.5]",
      "model.image_size=16", "train.max_steps=0", "evaluation.every=0 steps", "data.root=",
      "batch.global=1000000000001", "train.epochs=9223372036854775807", "data.workers=100000",
      "data.augmentation.crop_ratio=[1e-40, 1e40]", "data.augmentation.crop_scale=[1e-300, 1]",
      "data.augmentation.brightness=1e300", "optimizer.weight_decay=1e300",
      "optimizer.epsilon=1e-300",
    ])
  func impossibleValue(argument: String) throws {
    let mistakes = try mistakes(minimal, [argument])
    #expect(mistakes.count == 1)
    #expect(mistakes.first?.hasPrefix("argument '\(argument)': ") == true)
  }

  @Test("bfloat16 on the wire needs groups that divide the batch, and the exact sum")
  func wire() throws {
    let batch = ["batch.global=96", "batch.micro=8", "communication.wire=bfloat16"]
    #expect(try load(minimal, batch + ["communication.groups=4"]).values.communication.groups == 4)
    #expect(
      try mistakes(minimal, batch) == [
        "argument 'communication.wire=bfloat16': communication.wire: bfloat16 needs "
          + "communication.groups, of 12 micro-batches 1, 2, 4; the number of nodes is best"
      ])
    #expect(
      try mistakes(minimal, batch + ["communication.groups=8"]) == [
        "argument 'communication.groups=8': communication.groups: 8 groups do not divide a batch: "
          + "of 12 micro-batches 1, 2, 4; the number of nodes is best"
      ])
    #expect(
      try mistakes(minimal, batch + ["communication.groups=4", "reduction=vendor"]) == [
        "argument 'communication.wire=bfloat16': communication.wire: MPI's own sum knows no "
          + "bfloat16: set reduction to exact, or this to float32"
      ])
    #expect(try mistakes(minimal, ["communication.groups=3"]).count == 1)
  }

  @Test("all mistakes are told at once")
  func allAtOnce() throws {
    #expect(try mistakes("seed: x\nthreads: 0\n", ["nonsense", "batch.global=1.5"]).count == 5)
  }

  @Test("what is required and missing is named")
  func missing() throws {
    #expect(try mistakes("seed: 1\n") == ["run.yaml: data.root: is missing and has no default"])
  }

  @Test("a key written twice, and what is not YAML, names its line")
  func syntax() throws {
    #expect(
      try mistakes(minimal + "seed: 1\nseed: 2\n").first
        == "run.yaml:3: written twice: seed; keep one of them")
    #expect(
      try mistakes(minimal + "batch: [1\n").first?.hasPrefix("run.yaml:4: not valid YAML") == true)
    #expect(try mistakes("- 1\n").first == "run.yaml:1: expected 'key: value' lines")
  }

  @Test("a file that is not there is named")
  func noFile() {
    #expect(throws: TrainerError.self) {
      try TeacherConfiguration.load(file: "/nowhere/run.yaml")
    }
  }

  @Test("micro-batches have to divide the global batch, and the message names some that do")
  func microBatches() throws {
    #expect(
      try mistakes(minimal + "batch:\n  global: 64\n  micro: 24\n") == [
        "run.yaml:5: batch.micro: batch.micro 24 does not divide batch.global 64; "
          + "micro-batches that do: 8, 16, 32"
      ])
  }

  @Test("Nesterov's method without momentum is refused")
  func nesterov() throws {
    #expect(try mistakes(minimal, ["optimizer.momentum=0"]).count == 1)
    #expect(try mistakes(minimal, ["optimizer.momentum=0", "optimizer.nesterov=false"]).isEmpty)
  }

  @Test("a warm-up longer than the training is refused")
  func warmup() throws {
    #expect(try mistakes(minimal, ["schedule.warmup=20 epochs"]).count == 1)
    #expect(
      try mistakes(minimal, ["train.max_steps=10", "schedule.warmup=11 steps"]).count == 1)
  }

  @Test("a metric that evaluations do not tell is refused with those they do")
  func metrics() throws {
    for key in ["best.metric", "schedule.metric", "early_stopping.metric"] {
      #expect(
        try mistakes(minimal, ["\(key)=acuracy"]) == [
          "argument '\(key)=acuracy': \(key): 'acuracy' is no number that models are compared by: "
            + "accuracy, accuracy_7, uar, loss"
        ])
    }
    #expect(try mistakes(minimal, ["best.metric=loss"]).isEmpty)
    // Each head brings its own.
    #expect(try mistakes(minimal, ["best.metric=valence_ccc"]).count == 1)
    #expect(try mistakes(minimal, ["best.metric=valence_ccc", "loss.concordance=1"]).isEmpty)
  }

  @Test("a step schedule needs to know when, in one way")
  func stepSchedule() throws {
    let step = minimal + "schedule:\n  name: step\n"
    #expect(
      try mistakes(step) == [
        "run.yaml:4: schedule.name: step needs schedule.every or schedule.milestones"
      ])
    #expect(try mistakes(step + "  every: 2 epochs\n").isEmpty)
    #expect(try mistakes(step + "  milestones: [3 epochs, 500 steps]\n").isEmpty)
    #expect(try mistakes(step + "  every: 2 epochs\n  milestones: [3 epochs]\n").count == 1)
    #expect(try mistakes(step + "  milestones: [3]\n").count == 1)
    #expect(try mistakes(step + "  milestones: [0 epochs]\n").count == 1)
  }

  @Test("the resolved configuration reads back as itself")
  func resolved() throws {
    var values = try load(
      minimal,
      [
        "train.max_steps=7", "schedule.milestones=[3 epochs, 500 steps]", "best.metric=loss",
        "early_stopping.patience=3",
      ]
    ).values
    values.data.root = "a \"b\" \\c: #"
    values.data.augmentation.cropRatio = 0.1...7.25
    #expect(try load(values.yaml()).values == values)
  }

  /// To Swift a quote with an accent on it is one character, and so is CR LF.
  @Test(
    "any text reads back as itself",
    arguments: [
      "a\"\u{301}b", "\\\u{301}", "a\r\nb\r", "\u{1}\u{7F}\u{85}\u{2028}\u{FEFF}", " ", "~", "😀",
    ])
  func texts(_ text: String) throws {
    var values = try load(minimal).values
    values.data.root = text
    let root = try load(values.yaml()).values.data.root
    #expect(Array(root.utf8) == Array(text.utf8))
  }

  @Test("the list of keys is the one that users know")
  func frozenKeys() {
    #expect(TeacherConfiguration.keys.map(\.path).joined(separator: "\n") == frozenKeyList)
  }

  @Test("where evaluations steer, when and on what they are made decides the result")
  func steeredKeys() throws {
    func decides(_ overrides: [String]) throws -> Bool {
      let values = try load(minimal, overrides).values.identityValues
      return values["evaluation.every"] != nil && values["data.validation"] != nil
    }
    #expect(try !decides([]))
    #expect(try decides(["schedule.name=plateau"]))
    #expect(try decides(["early_stopping.patience=2"]))
  }

  @Test("keys that do not change the result may change between resumes")
  func resultDecidingKeys() {
    let free = TeacherConfiguration.keys.filter { !$0.changesResult }.map(\.path)
    #expect(
      free == [
        "stage", "data.root", "data.validation", "data.workers", "data.queue_batches",
        "data.on_error", "data.skip_limit", "triplets.root", "triplets.test", "triplets.images",
        "checkpoint.every_steps", "checkpoint.keep", "checkpoint.keep_every_steps",
        "checkpoint.on_error", "checkpoint.background", "evaluation.every", "logging.every_steps",
        "logging.histograms", "logging.images", "communication.overlap",
        "communication.bucket_mib", "watchdog.warn_seconds", "watchdog.stop_seconds",
      ])
  }
}

private let frozenKeyList = """
  stage
  seed
  precision
  threads
  reduction
  model.name
  model.image_size
  model.weights
  model.dropout
  model.stochastic_depth
  data.root
  data.train
  data.validation
  data.shuffle_window
  data.alignment
  data.workers
  data.queue_batches
  data.on_error
  data.skip_limit
  data.balance
  data.augmentation.crop_scale
  data.augmentation.crop_ratio
  data.augmentation.flip
  data.augmentation.brightness
  data.augmentation.contrast
  data.augmentation.saturation
  data.augmentation.grayscale
  data.augmentation.randaugment_operations
  data.augmentation.randaugment_strength
  data.augmentation.erasing
  data.augmentation.mixup
  data.augmentation.cutmix
  triplets.root
  triplets.train
  triplets.test
  triplets.images
  triplets.agreement
  triplets.per_micro_batch
  triplets.hidden
  triplets.dimensions
  loss.expression
  loss.label_smoothing
  loss.concordance
  loss.squared_error
  loss.triplet
  batch.global
  batch.micro
  train.epochs
  train.max_steps
  optimizer.name
  optimizer.learning_rate
  optimizer.scaling
  optimizer.base_batch
  optimizer.momentum
  optimizer.nesterov
  optimizer.weight_decay
  optimizer.beta1
  optimizer.beta2
  optimizer.epsilon
  optimizer.trust_coefficient
  optimizer.clip_norm
  optimizer.backbone_factor
  optimizer.layer_decay
  optimizer.freeze
  ema.decay
  ema.warmup
  schedule.name
  schedule.warmup
  schedule.final_fraction
  schedule.factor
  schedule.every
  schedule.milestones
  schedule.metric
  schedule.patience
  schedule.threshold
  checkpoint.every_steps
  checkpoint.keep
  checkpoint.keep_every_steps
  checkpoint.on_error
  checkpoint.background
  evaluation.every
  best.metric
  early_stopping.patience
  early_stopping.metric
  early_stopping.threshold
  logging.every_steps
  logging.histograms
  logging.images
  communication.wire
  communication.groups
  communication.overlap
  communication.bucket_mib
  watchdog.warn_seconds
  watchdog.stop_seconds
  """

@Suite("Intervals and edit distance")
struct IntervalTests {
  @Test("an interval carries its unit")
  func units() {
    #expect(Interval("2 epochs") == .epochs(2))
    #expect(Interval("1 epoch") == .epochs(1))
    #expect(Interval("500 steps") == .steps(500))
    #expect(Interval("0 steps") == .steps(0))
  }

  @Test(
    "an interval without a unit, with two, or with nonsense is refused",
    arguments: [
      "5", "2 epochs 3 steps", "epochs", "2.5 epochs", "-1 steps", "3 minutes", "",
      "9999999999 steps",
    ])
  func refused(text: String) {
    #expect(Interval(text) == nil)
  }

  @Test("epochs become steps where the length of an epoch is known")
  func steps() {
    #expect(Interval.epochs(3).steps(stepsPerEpoch: 7) == 21)
    #expect(Interval.steps(3).steps(stepsPerEpoch: 7) == 3)
  }

  @Test("the edit distance counts insertions, deletions, substitutions and swaps")
  func distance() {
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("micro", "mirco") == 1)
    #expect(editDistance("same", "same") == 0)
  }
}
