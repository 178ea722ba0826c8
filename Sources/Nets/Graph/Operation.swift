/// One node of a graph: knows how to put itself, forward and backward, into a plan.
///
/// Operations live beside each other in Operations/, each with its forward and backward in one file.
/// They are asked once, when a plan is compiled; nothing of them is left in a step.
protocol Operation: Sendable {
  /// torchvision's name of the layer, for errors and profiles.
  var name: String { get }

  /// The values that it reads.
  var operands: [ValueID] { get }

  /// The values that it produces.
  var results: [ValueID] { get }

  /// Its parameters, by their indices in the graph.
  var parameters: [Int] { get }

  /// Adds the forward primitives to the plan.
  ///
  /// - Returns: what adds the backward primitives later, in reverse order of the operations; nil where
  ///   no gradient passes through it.
  func plan(_ builder: PlanBuilder) throws -> BackwardPlan?

  /// Adds nodes that compute the same, outside of training, to an ONNX model.
  ///
  /// - Throws: `NetsError.notExportable` for what is there for training only.
  func export(to builder: ONNXBuilder) throws

  /// The layout in which this operation would read a value without changing it first; nil where it
  /// does not read it or takes it in any. Kernels of ours, which can write several, ask.
  func preferredLayout(of value: ValueID, _ builder: PlanBuilder) throws -> MemoryDescriptor?
}

extension Operation {
  var parameters: [Int] { [] }

  func preferredLayout(of value: ValueID, _ builder: PlanBuilder) throws -> MemoryDescriptor? {
    nil
  }
}

/// Adds an operation's backward primitives: reads the gradient of its result from the builder and
/// contributes to the gradients of its inputs and parameters.
typealias BackwardPlan = (PlanBuilder) throws -> Void
