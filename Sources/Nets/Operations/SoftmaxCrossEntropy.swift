import COneDNN
import Glibc

/// What softmax cross-entropy reads.
struct SoftmaxCrossEntropyInputs {
  let logits: ValueID
  /// `[batch]`, int32.
  let labels: Located
  /// `[batch]`, float32.
  let weights: Located
}

extension PlanBuilder {
  /// Adds the loss: the end of the forward pass and the start of the backward pass.
  func emitSoftmaxCrossEntropy(_ inputs: SoftmaxCrossEntropyInputs) throws {
    let logits = located(inputs.logits)
    let gradient = newBuffer(logits.layout)
    let shape = shape(of: inputs.logits)
    emit([logits, gradient, inputs.labels, inputs.weights], layer: "loss") { addresses in
      SoftmaxCrossEntropy(
        batch: shape[0], classes: shape[1],
        logits: UnsafePointer(addresses[0].assumingMemoryBound(to: Float.self)),
        gradient: addresses[1].assumingMemoryBound(to: Float.self),
        labels: UnsafePointer(addresses[2].assumingMemoryBound(to: Int32.self)),
        weights: UnsafePointer(addresses[3].assumingMemoryBound(to: Float.self)))
    }
    try contribute(gradient, to: inputs.logits, layer: "loss")
  }
}

/// The loss of a micro-batch of class labels, prepared for execution: plain addresses.
///
/// With p = softmax(z) of a sample's logits z, its label y and its weight w, the loss of a sample is
/// w · −log p[y]. The gradient of Σ w · −log p[y], times `scale`, with respect to z[c] is
/// scale · w · (p[c] − [c = y]).
///
/// - Shapes: `logits` and `gradient` `[batch, classes]`; `labels` and `weights` `[batch]`.
struct SoftmaxCrossEntropy: StepKernel {
  let batch: Int
  let classes: Int
  let logits: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let labels: UnsafePointer<Int32>
  let weights: UnsafePointer<Float>

  /// Writes the gradient, and into the sums: Σ w · loss, Σ w, and how many samples with w ≠ 0 were
  /// classified correctly. Samples are added in order, so that the bits are always the same.
  func run(_ context: StepContext) {
    let (scale, sums) = (context.lossScale, context.sums)
    sums.update(repeating: 0, count: 3)
    for sample in 0..<batch {
      let row = logits + sample * classes
      let gradientRow = gradient + sample * classes
      let weight = weights[sample]
      guard weight != 0 else {
        gradientRow.update(repeating: 0, count: classes)
        continue
      }
      let label = Int(labels[sample])
      let top = maximum(of: row)
      let total = exponentials(of: row, minus: row[top], into: gradientRow)
      let factor = scale * weight
      for index in 0..<classes {
        let probability = gradientRow[index] / total
        gradientRow[index] = factor * (probability - (index == label ? 1 : 0))
      }
      sums[0] += weight * (logf(total) + row[top] - row[label])
      sums[1] += weight
      if top == label { sums[2] += 1 }
    }
  }

  private func maximum(of row: UnsafePointer<Float>) -> Int {
    var top = 0
    for index in 1..<classes where row[index] > row[top] { top = index }
    return top
  }

  /// Subtracting the maximum keeps the exponentials finite.
  private func exponentials(
    of row: UnsafePointer<Float>, minus maximum: Float, into result: UnsafeMutablePointer<Float>
  ) -> Float {
    var total: Float = 0
    for index in 0..<classes {
      result[index] = expf(row[index] - maximum)
      total += result[index]
    }
    return total
  }
}
