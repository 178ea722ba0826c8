import Distributed
import Nets

/// The learned state of a run as files: weights, running statistics, what the optimizer remembers,
/// the average of the weights, and what rounding on the wire has left out of the gradients.
struct ModelSnapshot {
  /// What the names of the averaged model's tensors begin with in an optimizer's file.
  private static let averagePrefix = "ema."

  let parameters: ParameterStore
  let optimizer: any Optimizer
  /// What the best and the final model are; nil where these are the weights themselves.
  var average: WeightAverage?
  /// What sums gradients; nil for what has none.
  var reducer: GradientReducer?
  /// Outputs of the network that nothing of the training data teaches, which files of the model say.
  var untaught: [String] = []

  /// The model that is evaluated and kept.
  var kept: ParameterStore { average?.parameters ?? parameters }

  /// The model with torchvision's names; the optimizer's vectors, `momentum_buffer.fc.weight` and so on, and
  /// the averaged model, `ema.fc.weight` and so on.
  ///
  /// - Throws: `WeightsError` where the files cannot be.
  func image() throws -> CheckpointImage {
    let remembered = optimizer.state.flatMap { name, values in
      named("\(name).", parameters.sources(of: UnsafeBufferPointer(values)))
    }
    let averaged = average?.parameters.modelSources() ?? []
    return CheckpointImage(
      files: try [
        (CheckpointStore.modelFile, parameters.modelSources()),
        (CheckpointStore.optimizerFile, remembered + named(Self.averagePrefix, averaged)),
      ].map { ($0, try SafetensorsImage(of: $1, metadata: facts, path: $0)) },
      owned: try residualFiles())
  }

  /// Brings what rounding has left out to the ranks that write it. Collective, before `image` is copied.
  ///
  /// - Throws: `MPIError`.
  func collect(_ communicator: Communicator) throws {
    try reducer?.collectErrors(through: communicator)
  }

  /// What rounding has left out: a file for each group of micro-batches, and one for the sum over them.
  private func residualFiles() throws -> [(writer: Int, name: String, image: SafetensorsImage)] {
    guard let feedback = reducer?.feedback else { return [] }
    let groups = (0..<feedback.rounding.groups).map { group in
      // Of another rank's group the size is enough.
      let errors =
        feedback.ownGroups.contains(group)
        ? feedback.errors(ofGroup: group) : feedback.rootErrors
      return (feedback.writer(ofGroup: group), CheckpointStore.residualFile(group: group), errors)
    }
    return try ([(0, CheckpointStore.residualFile(group: nil), feedback.rootErrors)] + groups).map {
      writer, name, errors in
      let tensors = parameters.sources(of: UnsafeBufferPointer(errors))
      return (writer, name, try SafetensorsImage(of: tensors, path: name))
    }
  }

  private func named(_ prefix: String, _ tensors: [TensorSource]) -> [TensorSource] {
    tensors.map { $0.renamed(prefix + $0.description.name) }
  }

  /// Replaces the learned state by that of a checkpoint.
  func load(_ checkpoint: Checkpoint) throws {
    try parameters.loadModel(from: try SafetensorsReader(path: checkpoint.modelPath))
    let file = try SafetensorsReader(path: checkpoint.optimizerPath)
    for (name, values) in optimizer.state {
      let names = file.descriptions.map(\.name).filter { $0.hasPrefix("\(name).") }
      let tensors = try names.map {
        try file.tensor($0).renamed(String($0.dropFirst(name.count + 1)))
      }
      try parameters.load(tensors, into: values, file: file.path)
    }
    try average?.parameters.loadModel(from: file, below: Self.averagePrefix)
    guard let feedback = reducer?.feedback else { return }
    for group in [nil] + feedback.ownGroups.map(Optional.some) {
      let residuals = try SafetensorsReader(
        path: "\(checkpoint.path)/\(CheckpointStore.residualFile(group: group))")
      try parameters.load(
        try residuals.names.map(residuals.tensor),
        into: group.map(feedback.errors) ?? feedback.rootErrors, file: residuals.path)
    }
  }

  /// The file of a checkpoint that has the model which its run evaluates: the average where there is
  /// one, beside what the optimizer remembers.
  ///
  /// - Throws: `WeightsError` where the file cannot be read.
  static func keptModel(of checkpoint: Checkpoint) throws -> String {
    let file = try SafetensorsReader(path: checkpoint.optimizerPath)
    return hasAverage(file) ? checkpoint.optimizerPath : checkpoint.modelPath
  }

  /// Loads a model from a file; of an optimizer's file, the average in it.
  ///
  /// - Throws: `WeightsError`, `NetsError` naming the file and the tensor.
  static func loadModel(_ path: String, into parameters: ParameterStore) throws {
    let file = try SafetensorsReader(path: path)
    try parameters.loadModel(from: file, below: hasAverage(file) ? averagePrefix : "")
  }

  /// The weights in a file, for plans that only infer.
  ///
  /// - Parameters:
  ///   - path: see `RunFolder.weights(named:)`.
  ///   - graph: of the network that they are of.
  /// - Throws: `WeightsError`, `NetsError` naming the file and the tensor.
  static func parameters(_ path: String, of graph: Graph) throws -> ParameterStore {
    let parameters = try ParameterStore(inferenceFor: graph)
    try loadModel(path, into: parameters)
    return parameters
  }

  private static func hasAverage(_ file: SafetensorsReader) -> Bool {
    file.descriptions.contains { $0.name.hasPrefix(averagePrefix) }
  }

  /// Writes the averaged model, or else the model, beside its destination and renames it.
  ///
  /// - Parameter step: the update that the model is from; the file says so.
  func replaceModel(at path: String, step: Int) throws {
    try DurableFiles.makeFolder(DurableFiles.parent(of: path))
    try DurableFiles.replace(
      path, with: kept.modelSources(),
      metadata: facts.merging([Self.stepKey: "\(step)"]) { $1 })
  }

  /// The update that a model in a run folder is from; nil where there is none, or one that does not
  /// say.
  static func step(ofModel path: String) throws -> Int? {
    guard DurableFiles.exists(path) else { return nil }
    return try SafetensorsReader(path: path).metadata[stepKey].flatMap(Int.init)
  }

  /// Outputs that the training of a model in a run folder had no labels for: what they say means nothing.
  ///
  /// - Throws: `WeightsError` where the file cannot be read.
  static func untaught(ofModel path: String) throws -> Set<String> {
    let names = try SafetensorsReader(path: path).metadata[untaughtKey] ?? ""
    return Set(names.split(separator: ",").map(String.init))
  }

  private var facts: [String: String] {
    untaught.isEmpty ? [:] : [Self.untaughtKey: untaught.joined(separator: ",")]
  }

  /// The name of the update in a file's metadata.
  private static let stepKey = "step"
  /// The name, in a file's metadata, of outputs that nothing taught.
  private static let untaughtKey = "untaught"
}
