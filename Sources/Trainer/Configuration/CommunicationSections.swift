import Distributed

/// Whether gradients are summed while the backward pass goes on.
public enum OverlapChoice: String, CaseIterable, Sendable {
  /// Where that is likely to be faster.
  case auto
  case on
  case off
}

extension OverlapChoice: ConfigurationChoice {}

extension WireFormat: ConfigurationChoice {}

/// `communication`: how ranks exchange gradients.
struct CommunicationSection: ConfigurationSection, Sendable {
  /// Whether gradients are summed while the backward pass goes on.
  var overlap = OverlapChoice.auto
  /// The largest bucket, in MiB; nil for what a measurement at the start says.
  var bucketMebibytes: Int?
  /// What gradients travel as.
  var wire = WireFormat.float32
  /// Groups of micro-batches whose sums are rounded; nil where they are not, as with float32 whatever a file says.
  var groups: Int?

  /// The defaults.
  init() {}

  /// How gradients are rounded; nil where they are not.
  ///
  /// - Parameter count: how many there are.
  func rounding(count: Int) -> GradientRounding? {
    groups.map { GradientRounding(groups: $0, count: count) }
  }

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "wire", \.wire,
        "What gradients travel as: float32, or bfloat16 with error feedback, half as many bytes."),
      ConfigurationKey(
        "groups", \.groups,
        "Of bfloat16: parts of a batch whose sums are rounded; the number of nodes is best.",
        must: Requirement<Int>.powerOfTwo.ifPresent),
      ConfigurationKey(
        "overlap", \.overlap,
        "Sum gradients during the backward pass: on, off, or auto, where cores or links are free for it.",
        changesResult: false),
      ConfigurationKey(
        "bucket_mib", \.bucketMebibytes,
        "Gradients that are summed together, in MiB; null: as a measurement at the start says.",
        must: Requirement<Int>.oneTo(1024).ifPresent, changesResult: false),
    ]
  }
}

/// `watchdog`: how long a rank waits for the others.
struct WatchdogSection: ConfigurationSection {
  /// Until it is told, in seconds; nil for never.
  var warnSeconds: Double? = Watchdog.Limits.usual.warning
  /// Until it ends the job.
  var stopSeconds: Double? = Watchdog.Limits.usual.end

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "warn_seconds", \.warnSeconds,
        "A rank that waits so long for others says so, and for which; null: never.",
        must: Requirement<Double>.positive.ifPresent, changesResult: false),
      ConfigurationKey(
        "stop_seconds", \.stopSeconds,
        "A rank that waits so long for others ends the job with 69; null: never.",
        must: Requirement<Double>.positive.ifPresent, changesResult: false),
    ]
  }

  /// The same for whoever watches.
  var limits: Watchdog.Limits {
    Watchdog.Limits(warning: warnSeconds ?? .infinity, end: stopSeconds ?? .infinity)
  }
}

extension Watchdog.Limits {
  /// What the command line says, before the configuration has been read: it may already be too long until then.
  ///
  /// - Parameter overrides: `key=value` arguments; what is wrong with them is told later.
  public init(overrides: [String]) {
    func value(_ key: String, usual: Double) -> Double {
      let text = overrides.last { $0.hasPrefix("watchdog.\(key)=") }?.split(separator: "=").last
      guard let text else { return usual }
      return text == "null" ? .infinity : Double(text).flatMap { $0 > 0 ? $0 : nil } ?? usual
    }
    self.init(
      warning: value("warn_seconds", usual: Self.usual.warning),
      end: value("stop_seconds", usual: Self.usual.end))
  }
}
