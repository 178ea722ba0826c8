extension Graph {
  /// Adds the loss of a classifier: cross-entropy of `logits` with the new inputs `labels`
  /// (integers, one a sample) and `weights` (floats, one a sample). Its denominator are the rows: the
  /// weights of a global batch are to have a mean of 1.
  ///
  /// - Parameters:
  ///   - logits: `[classes]`; its rows have labels.
  ///   - loss: the loss's name.
  ///   - mixed: whether samples are mixed of two: then there are `partner_labels` and
  ///     `partner_weights`, too.
  ///   - factor: λ, see `Loss`.
  ///   - labelSmoothing: the part of the target that is spread over all classes.
  /// - Throws: `NetsError.shape`.
  mutating func addClassificationLoss(
    of logits: ValueID, name loss: String, mixed: Bool, factor: Float, labelSmoothing: Float
  ) throws {
    let rows = rows(of: logits)
    let labels = input("labels", .integers, shape: [], rows: rows)
    let weights = input("weights", .floats, shape: [], rows: rows)
    let partners =
      mixed
      ? (
        labels: input("partner_labels", .integers, shape: [], rows: rows),
        weights: input("partner_weights", .floats, shape: [], rows: rows)
      ) : nil
    try crossEntropy(
      logits, labels: labels, weights: weights, partners: partners, name: loss, factor: factor,
      labelSmoothing: labelSmoothing, denominator: .rows)
  }

  /// The parameters of the layer that `addAffectHead` adds.
  static let affectHead = ["affect.weight", "affect.bias"]

  /// Adds a linear layer from features to valence and arousal, `[2]`.
  ///
  /// - Throws: `NetsError.shape`.
  mutating func addAffectHead(_ features: ValueID) throws -> ValueID {
    try linear(features, name: "affect", features: 2)
  }

  /// Adds the losses of valence and arousal, with the new inputs `affect_targets` `[2]` (not a number
  /// where unknown) and `affect_weights` (floats, one a sample), which are to have a mean of 1 over the
  /// global batch where those that are unknown count as 0.
  ///
  /// - Parameters:
  ///   - predictions: `[2]`.
  ///   - concordance: λ of 1 − CCC; 0 for none.
  ///   - squaredError: λ of the mean squared error; 0 for none.
  /// - Throws: `NetsError.shape`.
  mutating func addAffectLosses(
    of predictions: ValueID, concordance: Float, squaredError: Float
  ) throws {
    let rows = rows(of: predictions)
    let targets = input("affect_targets", .floats, shape: [2], rows: rows)
    let weights = input("affect_weights", .floats, shape: [], rows: rows)
    if concordance > 0 {
      try concordanceLoss(
        predictions, targets: targets, weights: weights, name: "concordance_loss",
        dimensions: ["valence_ccc", "arousal_ccc"], factor: concordance)
    }
    if squaredError > 0 {
      try meanSquaredError(
        predictions, targets: targets, weights: weights, name: "affect_loss",
        dimensions: ["valence_mse", "arousal_mse"], factor: squaredError, denominator: .rows)
    }
  }
}
