import Datasets
import Distributed
import Foundation

/// What one rank has seen of an evaluation, and the way to put all ranks' parts together.
struct ClassificationTally: Equatable {
  static let classes = Expression.allCases.count
  /// Contempt is the last class, so that leaving it out keeps the others' numbers.
  static let classesWithoutContempt = Expression.contempt.rawValue

  private(set) var confusion = ConfusionMatrix(classes: Self.classes)
  private(set) var confusionWithoutContempt = ConfusionMatrix(classes: classesWithoutContempt)
  /// Of each micro-batch of this rank, in order: the sum of the losses and the number of samples.
  private(set) var losses: [[Float]] = []

  /// Counts a micro-batch.
  ///
  /// - Shapes: `logits` is [B, 8], row-major; labels and weights are [B], weight 0 masks.
  mutating func add(
    logits: UnsafeBufferPointer<Float>, labels: [Int32], weights: [Float]
  ) {
    var loss = 0.0
    var count = 0
    for sample in labels.indices where weights[sample] > 0 {
      let start = sample * Self.classes
      let row = logits[start..<start + Self.classes]
      add(row, label: Int(labels[sample]))
      loss += Self.crossEntropy(row, label: Int(labels[sample]))
      count += 1
    }
    losses.append([Float(loss), Float(count)])
  }

  private mutating func add(_ logits: Slice<UnsafeBufferPointer<Float>>, label: Int) {
    confusion.add(label: label, prediction: Self.largest(logits))
    if label < Self.classesWithoutContempt {
      confusionWithoutContempt.add(
        label: label, prediction: Self.largest(logits.prefix(Self.classesWithoutContempt)))
    }
  }

  /// The first of the largest values.
  private static func largest(_ logits: Slice<UnsafeBufferPointer<Float>>) -> Int {
    var best = logits.startIndex
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return best - logits.startIndex
  }

  /// −log softmax(logits)[label], in double precision.
  private static func crossEntropy(
    _ logits: Slice<UnsafeBufferPointer<Float>>, label: Int
  ) -> Double {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0) { $0 + exp(Double($1) - largest) }
    return log(sum) + largest - Double(logits[logits.startIndex + label])
  }

  // MARK: - All ranks together

  /// Puts the tallies of all ranks together; micro-batch i was seen by rank i mod W.
  ///
  /// The counts are integers, and the losses are summed by the fixed tree over the micro-batches of
  /// the whole set, so that the report has the same bits for any number of ranks.
  static func report(_ tallies: [ClassificationTally]) -> ClassificationReport {
    var total = ClassificationTally()
    for tally in tallies {
      total.confusion += tally.confusion
      total.confusionWithoutContempt += tally.confusionWithoutContempt
    }
    let rounds = tallies.map(\.losses.count).max() ?? 0
    let interleaved = (0..<rounds).flatMap { round in
      tallies.compactMap { round < $0.losses.count ? $0.losses[round] : nil }
    }
    // Padding at the end differs with the number of ranks and must not change the tree.
    let leaves = interleaved.reversed().drop { $0[1] == 0 }.reversed()
    let sums = leaves.isEmpty ? [0, 0] : treeSum(leaves: Array(leaves))
    return ClassificationReport(
      confusion: total.confusion, confusionWithoutContempt: total.confusionWithoutContempt,
      loss: sums[1] == 0 ? 0 : Double(sums[0]) / Double(sums[1]))
  }

  /// The tally as bytes, for the way to other ranks.
  var bytes: [UInt8] {
    let counts = confusion.counts + confusionWithoutContempt.counts
    return ByteCoding.bytes(of: counts) + ByteCoding.bytes(of: losses.flatMap { $0 })
  }

  init() {}

  /// Reads what `bytes` gave.
  init(bytes: [UInt8]) {
    let (all, known) = (Self.classes, Self.classesWithoutContempt)
    let countBytes = (all * all + known * known) * MemoryLayout<Int>.size
    let counts: [Int] = ByteCoding.values(in: bytes.prefix(countBytes))
    let sums: [Float] = ByteCoding.values(in: bytes.dropFirst(countBytes))
    confusion = ConfusionMatrix(classes: all, counts: Array(counts[..<(all * all)]))
    confusionWithoutContempt = ConfusionMatrix(
      classes: known, counts: Array(counts[(all * all)...]))
    losses = stride(from: 0, to: sums.count, by: 2).map { Array(sums[$0..<$0 + 2]) }
  }
}

/// Numbers as bytes between ranks of one job, which are of one kind of processor.
enum ByteCoding {
  static func bytes<Value: BitwiseCopyable>(of values: [Value]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  static func values<Value: BitwiseCopyable>(in bytes: ArraySlice<UInt8>) -> [Value] {
    bytes.withUnsafeBytes { buffer in
      let size = MemoryLayout<Value>.stride
      return stride(from: 0, to: buffer.count, by: size).map {
        buffer.loadUnaligned(fromByteOffset: $0, as: Value.self)
      }
    }
  }
}
