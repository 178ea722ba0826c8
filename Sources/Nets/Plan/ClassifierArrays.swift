/// The arrays of a plan that trains a classifier, beside its images, looked up once.
public struct ClassifierArrays {
  /// Input, class indices `[microBatch]`; a negative one leaves a sample out.
  public let labels: UnsafeMutableBufferPointer<Int32>
  /// Input, weight of each sample in the loss `[microBatch]`; 0 leaves a sample out.
  public let weights: UnsafeMutableBufferPointer<Float>
  /// Inputs like `labels` and `weights`, of those that samples are mixed with; nil where they are not.
  public let partners:
    (labels: UnsafeMutableBufferPointer<Int32>, weights: UnsafeMutableBufferPointer<Float>)?
  /// Output of the last run, `[microBatch, classes]`.
  public let logits: UnsafeMutableBufferPointer<Float>

  /// - Parameter mixed: whether samples are mixed of two.
  /// - Throws: `NetsError.unknownArray` where the plan is not such a classifier's.
  public init(_ plan: TrainingPlan, mixed: Bool = false) throws {
    labels = try plan.integers(input: "labels")
    weights = try plan.floats(input: "weights")
    partners =
      try mixed
      ? (
        labels: plan.integers(input: "partner_labels"),
        weights: plan.floats(input: "partner_weights")
      ) : nil
    logits = try plan.output("logits")
  }
}
