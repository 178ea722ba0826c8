/// An operation that can do the work of operations that follow it.
protocol FusibleOperation: Operation {
  /// What it produces.
  var result: ValueID { get }

  /// This operation with the next one, which alone reads its result; nil where it cannot do that.
  func followed(by next: any Operation) -> (any FusibleOperation)?
}

/// Rewrites a graph for inference: what follows a convolution or a matrix product, and alone reads
/// its result, becomes part of it. In training this is done to what no gradient passes through.
///
/// Running statistics are constants then, so that a batch normalisation is part of the weights; a
/// residual, a bias and a nonlinearity are applied to sums before they are rounded and stored. The
/// joint operation takes the place of its last part: all it reads is there by then.
struct InferenceFusion {
  private var operations: [(any Operation)?] = []
  /// Where the operation stands that produces a value and could do more.
  private var producers: [ValueID: Int] = [:]
  private var readerCounts: [ValueID: Int] = [:]

  /// The graph as inference computes it: the same values as far as inputs and outputs go, and the
  /// same parameters.
  static func rewriting(_ graph: Graph) -> Graph {
    // Losses are of no use here.
    let operations = graph.operations.filter { !($0 is any Loss) }
    return fuse(graph.replacingOperations(operations), where: operations.map { _ in true })
  }

  /// The graph as training computes it: frozen parts before which nothing learns are as in inference.
  static func rewritingFrozenParts(of graph: Graph) -> Graph {
    let isInferred = zip(graph.operations, graph.learningOperations()).map { operation, learns in
      !learns && (operation as? ResidualAddition)?.drops(in: graph) != true
    }
    return fuse(graph, where: isInferred)
  }

  private static func fuse(_ graph: Graph, where isInferred: [Bool]) -> Graph {
    var fusion = InferenceFusion()
    for value in graph.operations.flatMap(\.operands) + graph.outputs.map(\.value) {
      fusion.readerCounts[value, default: 0] += 1
    }
    for (operation, isInferred) in zip(graph.operations, isInferred) {
      if isInferred { fusion.add(operation) } else { fusion.operations.append(operation) }
    }
    return graph.replacingOperations(fusion.operations.compactMap { $0 })
  }

  private mutating func add(_ operation: any Operation) {
    for operand in operation.operands where readerCounts[operand] == 1 {
      guard let index = producers[operand],
        let fused = (operations[index] as? any FusibleOperation)?.followed(by: operation)
      else { continue }
      operations[index] = nil
      return append(fused)
    }
    append(operation)
  }

  private mutating func append(_ operation: any Operation) {
    if let fusible = operation as? any FusibleOperation {
      producers[fusible.result] = operations.count
    }
    operations.append(operation)
  }
}

extension Convolution: FusibleOperation {
  func followed(by next: any Operation) -> (any FusibleOperation)? {
    FusedConvolution(convolution: self, result: result).followed(by: next)
  }
}

extension FusedConvolution: FusibleOperation {
  func followed(by next: any Operation) -> (any FusibleOperation)? {
    guard function == nil else { return nil }
    var fused = self
    switch next {
    case let next as BatchNormalization where next.inputs == [result]:
      guard normalization == nil, addend == nil else { return nil }
      fused.normalization = next
      fused.function = next.activation.function
      fused.result = next.result
    case let next as Activation:
      fused.function = next.function
      fused.result = next.result
    case let next as AdditionReLU:
      guard addend == nil else { return nil }
      fused.addend = next.left == result ? next.right : next.left
      fused.function = .relu
      fused.result = next.result
    case let next as ResidualAddition:
      guard addend == nil else { return nil }
      fused.addend = next.branch == result ? next.skip : next.branch
      fused.result = next.result
    default: return nil
    }
    return fused
  }
}

extension Linear: FusibleOperation {
  func followed(by next: any Operation) -> (any FusibleOperation)? {
    guard function == nil, let next = next as? Activation else { return nil }
    var fused = self
    fused.function = next.function
    fused.result = next.result
    return fused
  }
}

extension BatchNormalization.FusedActivation {
  /// The same as an operation of its own; nil for none.
  var function: ActivationFunction? {
    switch self {
    case .none: nil
    case .relu: .relu
    case .silu: .silu
    }
  }
}
