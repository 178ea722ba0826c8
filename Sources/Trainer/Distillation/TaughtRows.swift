import Datasets
import Foundation
import Nets

/// The rows of a micro-batch that a teacher teaches: what it says about them, as the losses read it.
final class TaughtRows {
  private let layout: TeacherOutputLayout
  private let temperature: Double
  /// `[rows]`
  private let weights: UnsafeMutableBufferPointer<Float>
  /// `[rows, classes]`, `[rows, 2]` and `[rows, dimensions]`; nil where they are not learned.
  private let logits: UnsafeMutableBufferPointer<Float>?
  private let affect: UnsafeMutableBufferPointer<Float>?
  private let embedding: UnsafeMutableBufferPointer<Float>?

  /// - Throws: `NetsError.unknownArray` where the plan is not such a network's.
  init(
    plan: TrainingPlan, layout: TeacherOutputLayout, distillation: FaceDistillation
  ) throws {
    self.layout = layout
    temperature = Double(distillation.temperature)
    weights = try plan.floats(input: "teacher_weights")
    logits = distillation.classes > 0 ? try plan.floats(input: "teacher_logits") : nil
    affect = distillation.affect > 0 ? try plan.floats(input: "teacher_affect") : nil
    embedding = distillation.embedding > 0 ? try plan.floats(input: "teacher_embedding") : nil
  }

  /// Takes over the answers to a micro-batch of faces.
  ///
  /// Of a sample that is mixed of two, the answers are mixed in the same way: the probabilities at the
  /// temperature, and the other outputs themselves.
  ///
  /// - Parameter first: the row of the first face.
  func fill(from first: Int, _ batch: MicroBatch, _ answers: any TeacherAnswers) {
    for sample in batch.labels.indices {
      let own = answers.answer(to: sample)
      let share = Double(batch.partnerShares[sample])
      let partner = share > 0 ? answers.answer(to: batch.partner(of: sample)) : own
      let row = first + sample
      let isKnown = own.allSatisfy(\.isFinite) && partner.allSatisfy(\.isFinite)
      weights[row] = isKnown ? batch.weights[sample] : 0
      setLogits(of: row, own, partner, isKnown ? share : 0, isKnown: isKnown)
      set(affect, of: row, 2, from: layout.affectStart, own, partner, share, isKnown: isKnown)
      set(
        embedding, of: row, layout.embedding, from: layout.embeddingStart, own, partner, share,
        isKnown: isKnown)
    }
  }

  /// Of a mixed sample, logits whose softmax at the temperature are the mixed probabilities.
  private func setLogits(
    of row: Int, _ own: ArraySlice<Float>, _ partner: ArraySlice<Float>, _ share: Double,
    isKnown: Bool
  ) {
    guard share > 0, let logits else {
      return set(logits, of: row, layout.classes, from: 0, own, own, 0, isKnown: isKnown)
    }
    let p = SoftenedClasses(own.prefix(layout.classes), temperature: temperature)
    let q = SoftenedClasses(partner.prefix(layout.classes), temperature: temperature)
    for label in 0..<layout.classes {
      let probability = p[label] + share * (q[label] - p[label])
      // The smallest number keeps the logarithm finite.
      logits[row * layout.classes + label] = Float(
        temperature * log(max(probability, .leastNormalMagnitude)))
    }
  }

  private func set(
    _ target: UnsafeMutableBufferPointer<Float>?, of row: Int, _ count: Int, from start: Int,
    _ own: ArraySlice<Float>, _ partner: ArraySlice<Float>, _ share: Double, isKnown: Bool
  ) {
    guard let target else { return }
    for index in 0..<count {
      let x = own[own.startIndex + start + index]
      let y = partner[partner.startIndex + start + index]
      target[row * count + index] = isKnown ? x + Float(share) * (y - x) : 0
    }
  }
}
