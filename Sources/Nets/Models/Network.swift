/// A backbone with its heads: a graph whose inputs and outputs have names, and whose losses, where
/// it is to be trained, are operations among the others.
///
/// A classifier has the input `images` and the output `logits`. Further heads read `features`, and
/// are named by `graph.output(_:_:)`.
public struct Network {
  /// All operations. Add heads, inputs and losses to it.
  public var graph: Graph
  /// What the backbone makes of its input, `[F]`: what heads read.
  public let features: ValueID
  /// The result of the classifier's head, `[classes]`: the output `logits`.
  public let logits: ValueID

  /// A backbone with a classifier, whose logits become the output `logits`.
  init(graph: Graph, features: ValueID, logits: ValueID) {
    self.graph = graph
    self.features = features
    self.logits = logits
    self.graph.output("logits", logits)
  }

  /// Adds the loss of a classifier: cross-entropy of `logits` with the new inputs `labels`
  /// (integers, one a sample) and `weights` (floats, one a sample).
  ///
  /// - Parameters:
  ///   - part: the rows of `logits` that have labels; nil for all.
  ///   - loss: the loss's name.
  ///   - mixed: whether samples are mixed of two: then there are `partner_labels` and
  ///     `partner_weights`, too.
  ///   - factor: λ, see `Loss`.
  ///   - labelSmoothing: the part of the target that is spread over all classes.
  /// - Throws: `NetsError.shape`.
  public mutating func addClassificationLoss(
    of part: ValueID? = nil, name loss: String = "expression_loss", mixed: Bool = false,
    factor: Float = 1, labelSmoothing: Float = 0
  ) throws {
    try graph.addClassificationLoss(
      of: part ?? logits, name: loss, mixed: mixed, factor: factor, labelSmoothing: labelSmoothing)
  }
}
