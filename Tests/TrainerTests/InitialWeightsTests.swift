import Nets
import Testing

@testable import Trainer

@Suite("Initial weights")
struct InitialWeightsTests {
  @Test("a head of as many classes is loaded with the rest")
  func sameClasses() throws {
    let source = try classifier(classes: 8, seed: 1)
    let loaded = try classifier(classes: 8, seed: 2)
    #expect(try load(source, into: loaded).isEmpty)
    #expect(try loaded.modelTensors() == source.modelTensors())
  }

  @Test("a head of other classes starts afresh, the rest is loaded")
  func otherClasses() throws {
    let source = try classifier(classes: 9, seed: 1)
    let loaded = try classifier(classes: 8, seed: 2)
    let initial = try loaded.modelTensors()
    #expect(try load(source, into: loaded) == head)
    let expected = zip(try source.modelTensors(), initial).map { source, initial in
      head.contains(initial.name) ? initial : source
    }
    #expect(try loaded.modelTensors() == expected)
  }

  @Test(
    "what depends on the number of classes is the head of every model",
    arguments: ModelName.allCases)
  func heads(name: ModelName) throws {
    let shapes = try [8, 9].map { classes in
      try ModelDescription(name: name, classes: classes, imageSize: 64).network().graph.parameters
    }
    let differing = zip(shapes[0], shapes[1]).filter { $0.shape != $1.shape }.map(\.0.name)
    #expect(differing == name.head)
  }

  private let head = ["head.weight", "head.bias"]

  /// A linear layer that a head reads.
  private func classifier(classes: Int, seed: UInt64) throws -> ParameterStore {
    var graph = Graph()
    let features = graph.input("features", .floats, shape: [5])
    let hidden = try graph.linear(features, name: "hidden", features: 6)
    graph.output("logits", try graph.linear(hidden, name: "head", features: classes))
    let store = try ParameterStore(inferenceFor: graph)
    try store.initialize(seed: seed)
    return store
  }

  private func load(_ source: ParameterStore, into store: ParameterStore) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/source.safetensors"
    try Safetensors.write(source.modelTensors(), to: path)
    return try InitialWeights.load(path, into: store, head: head)
  }
}
