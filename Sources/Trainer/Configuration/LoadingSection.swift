import Datasets

// What `data` says of samples of any kind, faces or utterances.

/// What happens to samples that cannot be used: the names of `data.on_error`.
enum ErrorHandling: String, Sendable, ConfigurationChoice {
  /// Leave them out, up to `data.skip_limit`.
  case skip
  /// End the run at the first one.
  case fail
}

/// How unequal class frequencies are met: the names of `data.balance`.
enum ClassBalance: String, Sendable, ConfigurationChoice {
  /// Not at all.
  case none
  /// Every class is drawn equally often.
  case sampling
  /// The loss weights each class by its inverse frequency.
  case loss
}

/// Keys of `data` about how samples reach the step.
struct LoadingSection: ConfigurationSection {
  /// Decoding threads of a rank.
  var workers = 2
  /// Micro-batches decoded ahead.
  var queueBatches = 4
  /// What happens to samples that cannot be used.
  var onError = ErrorHandling.fail
  /// How many of them `skip` allows.
  var skipLimit = 100
  /// How unequal class frequencies are met.
  var balance = ClassBalance.none

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "workers", \.workers, "Decoding threads of each rank.", must: .oneTo(256),
        changesResult: false),
      ConfigurationKey(
        "queue_batches", \.queueBatches, "Micro-batches that are decoded ahead of the step.",
        must: .oneTo(1024), changesResult: false),
      ConfigurationKey(
        "on_error", \.onError, "What rows and files that cannot be used do.",
        changesResult: false),
      ConfigurationKey(
        "skip_limit", \.skipLimit, "How many of them may be skipped before the run fails.",
        must: .notNegative, changesResult: false),
      ConfigurationKey("balance", \.balance, "How unequal class frequencies are met."),
    ]
  }

  /// The error policy as Datasets takes it.
  var errorPolicy: ErrorPolicy {
    switch onError {
    case .skip: .skip(limit: skipLimit)
    case .fail: .fail
    }
  }
}

/// Keys of `data.augmentation` about samples of a micro-batch that are mixed with each other.
struct MixingSection: ConfigurationSection {
  /// α of the distribution by which samples are blended.
  var mixup = 0.0
  /// α of the distribution of the areas that samples exchange.
  var cutmix = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "mixup", \.mixup,
        "Blend samples, and their labels, by a factor of Beta(this, this); 0 for no.",
        must: .from(0, to: 100)),
      ConfigurationKey(
        "cutmix", \.cutmix,
        "Paste rectangles of samples, of an area of Beta(this, this), into others; 0 for no.",
        must: .from(0, to: 100)),
    ]
  }

  /// How samples of a micro-batch are mixed, as Datasets takes it.
  var mixing: BatchMixing {
    BatchMixing(mixupAlpha: Float(mixup), cutmixAlpha: Float(cutmix))
  }
}
