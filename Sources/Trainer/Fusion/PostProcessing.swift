/// What the predictions of one dimension undergo after the network, in this order: a median filter,
/// centring, scaling and a shift in time.
///
/// - Source: the baselines of F. Ringeval et al., "AV+EC 2015", and M. Valstar et al., "AVEC 2016".
struct PostProcessing: Codable, Equatable, Sendable {
  /// Frames of the median filter's window, odd; 1 changes nothing.
  var medianFrames = 1
  /// What is added.
  var offset: Float = 0
  /// What the distance from `pivot` is multiplied with.
  var factor: Float = 1
  /// What stays where it is when predictions are scaled.
  var pivot: Float = 0
  /// By how many frames predictions come later; negative for earlier.
  var shiftFrames = 0

  /// Changes nothing.
  init() {}

  /// The predictions of one recording after all of it.
  func applied(to predictions: [Float]) -> [Float] {
    var values = Self.median(predictions, frames: medianFrames)
    if offset != 0 { values = values.map { $0 + offset } }
    if factor != 1 { values = values.map { pivot + factor * ($0 - pivot) } }
    return Self.shifted(values, frames: shiftFrames)
  }

  /// A running median; beyond its ends a recording goes on as it began and ended.
  ///
  /// - Parameter frames: odd.
  static func median(_ values: [Float], frames: Int) -> [Float] {
    precondition(frames % 2 == 1)
    let reach = frames / 2
    guard frames > 1, values.count > 1 else { return values }
    func value(_ frame: Int) -> Float { values[min(max(frame, 0), values.count - 1)] }
    // NaN has no order, and a prediction that is none is refused before anybody filters it.
    var window = (-reach...reach).map(value).sorted()
    return values.indices.map { frame in
      defer {
        window.remove(at: window.place(of: value(frame - reach)))
        let next = value(frame + reach + 1)
        window.insert(next, at: window.place(of: next))
      }
      return window[reach]
    }
  }

  /// The same later by some frames, held at the end that this leaves open.
  static func shifted(_ values: [Float], frames: Int) -> [Float] {
    guard frames != 0 else { return values }
    return values.indices.map { values[min(max($0 - frames, 0), values.count - 1)] }
  }
}

extension [Float] {
  /// The first place of a sorted array whose element is not smaller.
  fileprivate func place(of value: Float) -> Int {
    var (lower, upper) = (0, count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if self[middle] < value { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}
