import Foundation
import Nets

/// The exponential moving average of a model's weights and running statistics over the updates.
///
/// After update t the average is d·average + (1 − d)·model with d the decay of the update; after the
/// first it is the model itself.
///
/// - Determinism: a pass over the weights that all ranks hold; the same bits for any number of ranks
///   and threads.
/// - Source: B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging",
///   SIAM Journal on Control and Optimization 30(4), 1992; the first update and the warm-up as in
///   timm's ModelEmaV3.
final class WeightAverage {
  /// The averages, in the layouts of the model's own.
  let parameters: ParameterStore
  private let model: ParameterStore
  private let decay: Double
  private let warmsUp: Bool

  /// The average of a model, which begins with its values of now.
  ///
  /// - Parameters:
  ///   - decay: from 0 to 1; the larger it is, the more updates it is an average of.
  ///   - warmsUp: whether early averages forget faster.
  /// - Throws: `NetsError` where there is no memory for it.
  init(of model: ParameterStore, decay: Double, warmsUp: Bool) throws {
    parameters = try ParameterStore(copying: model)
    self.model = model
    self.decay = decay
    self.warmsUp = warmsUp
  }

  /// Takes the model in, as it is after an update, counted from 1.
  func update(step: Int) {
    let decay = decay(step: step)
    if decay == 0 {
      parameters.copy(model)
    } else {
      parameters.move(towards: model, by: Float(1 - decay))
    }
  }

  /// The decay of an update, counted from 1: with a warm-up, 1 − t^(−2/3) until that is the whole.
  func decay(step: Int) -> Double {
    guard step > 1 else { return 0 }
    return warmsUp ? min(decay, 1 - pow(Double(step), -2.0 / 3)) : decay
  }
}
