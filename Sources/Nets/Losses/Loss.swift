import COneDNN

/// An operation that scores a value of the network and starts the backward pass from there.
///
/// How losses are normalised, of a step with M micro-batches and losses k with factors λₖ:
///
///     lₖ = Σᵢ wᵢ lₖᵢ / D         over the samples i of one micro-batch; 0 where D is 0
///     L  = (1 / M) Σₘ Σₖ λₖ lₖ   the loss of the step
///
/// The denominator D is a `LossDenominator`: of most losses Σᵢ wᵢ, so that each is its own weighted
/// mean over a micro-batch; of others the number of rows. Either way none needs to know of other ranks
/// before the backward pass, and each micro-batch's gradient is complete as it is: the optimizer
/// multiplies the sum over the micro-batches by 1 / M. A micro-batch whose weights are all 0 has no
/// support for a loss: it adds neither to the loss nor to the gradient, and is left out of the loss's
/// own mean.
protocol Loss: Operation {
  /// λ, the loss's factor in the loss of the step.
  var factor: Float { get }
  /// What is scored; float32 for the kernel, whatever the precision.
  var prediction: ValueID { get }
  /// Inputs that the kernel reads.
  var targets: [ValueID] { get }
  /// Names of what the loss reports besides itself: each a mean, see `LossSums`.
  var metrics: [String] { get }

  /// The kernel that computes the loss and its gradient.
  ///
  /// - Shapes: `prediction` and `gradient` are `shape`, with the rows, row-major.
  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel
}

/// What a loss's weighted sum over the samples of a micro-batch is divided by.
public enum LossDenominator: Sendable, Equatable {
  /// Σ w, by which each micro-batch counts alike, whatever its samples weigh. With class weights this
  /// is what PyTorch's DistributedDataParallel computes with `CrossEntropyLoss(weight=…)`: the fewer
  /// rows, the closer to no weights at all.
  case weights
  /// The elements, known or not. Where the weights of a step have a mean of 1 over all elements of its
  /// global batch, the loss of the step is the weighted mean over the global batch.
  case rows
}

extension Loss {
  var operands: [ValueID] { [prediction] + targets }
  var results: [ValueID] { [] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    guard builder.isTraining else { return nil }
    let shape = builder.shape(of: prediction)
    let plain = try MemoryDescriptor.rowMajor(shape, dnnl_f32)
    let scored = try builder.converted(builder.located(prediction), to: plain, layer: name)
    let gradient = builder.newBuffer(plain)
    let sums = LossSums(
      factor: Double(factor), first: builder.sums.add(loss: name, metrics: metrics))
    builder.emit([scored, gradient] + targets.map(builder.located), layer: name) { addresses in
      kernel(
        shape: shape, sums: sums,
        prediction: UnsafePointer(addresses[0].assumingMemoryBound(to: Float.self)),
        gradient: addresses[1].assumingMemoryBound(to: Float.self),
        targets: addresses.dropFirst(2).map { UnsafeRawPointer($0) })
    }
    return { builder in
      if builder.needsGradient(prediction) {
        try builder.contribute(gradient, to: prediction, layer: name)
      }
    }
  }
}

/// Where a loss's kernel puts its numbers: sums that the tree adds up over all micro-batches.
struct LossSums {
  /// λ.
  let factor: Double
  /// The loss's first number among the slot's sums. There are two for the loss itself (its value,
  /// and its support, 1 or, by rows, Σ w / rows) and two for each metric.
  let first: Int

  /// Reports the loss of a micro-batch that has support for it.
  ///
  /// - Parameter support: what the loss's own mean over the step counts the micro-batch as.
  func record(_ loss: Double, support: Double = 1, in context: StepContext) {
    context.sums[StepSum.loss.rawValue] += Float(factor * loss)
    context.sums[first] = Float(loss)
    context.sums[first + 1] = Float(support)
  }

  /// Reports a metric whose value over the step is Σ sum / Σ count.
  func record(metric: Int, sum: Double, count: Double, in context: StepContext) {
    context.sums[first + 2 + 2 * metric] = Float(sum)
    context.sums[first + 3 + 2 * metric] = Float(count)
  }

  /// What the gradient of the weighted mean is multiplied by: λ, and the scale of the run.
  func scale(in context: StepContext) -> Double { Double(context.lossScale) * factor }
}

/// The sums that every slot starts with.
enum StepSum: Int, CaseIterable {
  /// Σ over the micro-batches of Σₖ λₖ lₖ.
  case loss
  /// Micro-batches.
  case microBatches
}

extension Graph {
  /// Throws unless `target` belongs to the rows of `prediction` and has this shape.
  func requireTarget(
    _ target: ValueID, shape: [Int], rowsOf prediction: ValueID, loss: String, what: String
  ) throws {
    try requireTarget(target, shape: shape, rows: rows(of: prediction), loss: loss, what: what)
  }

  /// Throws unless `target` has these rows and this shape.
  func requireTarget(
    _ target: ValueID, shape: [Int], rows: Rows, loss: String, what: String
  ) throws {
    guard self.shape(of: target) == shape, self.rows(of: target) == rows else {
      throw NetsError.shape(
        layer: loss,
        problem: "needs \(what) \(shape) in \(rows), got \(self.shape(of: target)) in "
          + "\(self.rows(of: target))")
    }
  }

  /// The shape of what a loss scores; throws unless it has `rank` axes and elements.
  func lossShape(of value: ValueID, rank: Int, loss: String) throws -> [Int] {
    let shape = shape(of: value)
    guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
      throw NetsError.shape(layer: loss, problem: "cannot score values of shape \(shape)")
    }
    return shape
  }
}
