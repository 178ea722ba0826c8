import CounterRandom
import Foundation

/// Samples of a micro-batch mixed with each other: mixup and CutMix.
///
/// A sample's partner is the one before it in the micro-batch, the first one's the last; orders are
/// random, so partners are. One draw for each micro-batch, keyed by (seed, epoch, its place in the
/// epoch): the same whichever rank has it.
///
/// - Source: H. Zhang et al., "mixup", ICLR 2018; S. Yun et al., "CutMix", ICCV 2019; the partners and
///   the drawing are those of torchvision's `transforms.v2`.
public struct BatchMixing: Equatable, Sendable {
  /// No mixing.
  public static let none = BatchMixing(mixupAlpha: 0, cutmixAlpha: 0)

  /// Samples are blended by a factor of the distribution Beta(α, α); 0 for never.
  public var mixupAlpha: Float
  /// Samples get a rectangle of their partner, of an area of Beta(α, α); 0 for never. Where both are
  /// positive, each micro-batch is mixed in one of the two ways, each as likely.
  public var cutmixAlpha: Float

  /// A mixing with every field given.
  public init(mixupAlpha: Float, cutmixAlpha: Float) {
    self.mixupAlpha = mixupAlpha
    self.cutmixAlpha = cutmixAlpha
  }

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    for (name, value) in [("mixup", mixupAlpha), ("cutmix", cutmixAlpha)] {
      guard value >= 0 && value <= 100 else {
        throw DatasetError.setting(name: name, reason: "\(value) is not 0 to 100")
      }
    }
  }

  /// What a micro-batch is mixed by.
  enum Mix: Equatable {
    case none
    /// Samples become `share` · partner + (1 − share) · sample.
    case blend(share: Float)
    /// Samples get a rectangle of their partner.
    case paste(CropBox)

    /// The part of a sample that comes from its partner.
    func partnerShare(of shape: SampleShape) -> Float {
      switch self {
      case .none: 0
      case .blend(let share): share
      case .paste(let box): Float(box.width * box.height) / Float(shape.height * shape.width)
      }
    }
  }

  /// Draws how a micro-batch of samples is mixed.
  func draw(for shape: SampleShape, from generator: inout CounterRandom) -> Mix {
    guard mixupAlpha > 0 || cutmixAlpha > 0 else { return .none }
    let pastes = generator.uniform() < 0.5 ? cutmixAlpha > 0 : mixupAlpha == 0
    let kept = generator.beta(pastes ? cutmixAlpha : mixupAlpha)
    guard pastes else { return .blend(share: Float(1 - kept)) }
    return .paste(Self.rectangle(in: shape, share: 1 - kept, from: &generator))
  }

  /// A rectangle of the sample's shape around a random place, cut off at the edges.
  private static func rectangle(
    in shape: SampleShape, share: Double, from generator: inout CounterRandom
  ) -> CropBox {
    let x = generator.integer(below: shape.width)
    let y = generator.integer(below: shape.height)
    func half(_ extent: Int) -> Int { Int(0.5 * share.squareRoot() * Double(extent)) }
    let (left, top) = (max(0, x - half(shape.width)), max(0, y - half(shape.height)))
    return CropBox(
      x: left, y: top, width: min(shape.width, x + half(shape.width)) - left,
      height: min(shape.height, y + half(shape.height)) - top)
  }
}

extension CounterRandom {
  /// A number of the distribution Beta(α, α): a gamma variate over the sum of two.
  mutating func beta(_ alpha: Float) -> Double {
    let (first, second) = (gamma(Double(alpha)), gamma(Double(alpha)))
    // Both are 0 where α is tiny: then one of them is everything.
    guard first + second > 0 else { return uniform() < 0.5 ? 0 : 1 }
    return first / (first + second)
  }

  /// A number of the gamma distribution of shape `alpha` and scale 1.
  ///
  /// - Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", 2000.
  private mutating func gamma(_ alpha: Double) -> Double {
    if alpha < 1 {
      return gamma(alpha + 1) * pow(1 - Double(uniform()), 1 / alpha)
    }
    let d = alpha - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - Double(uniform())) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// A normal number. Source: G. Box and M. Muller, 1958.
  private mutating func normal() -> Double {
    let radius = (-2 * log(1 - Double(uniform()))).squareRoot()
    return radius * cos(2 * .pi * Double(uniform()))
  }
}
