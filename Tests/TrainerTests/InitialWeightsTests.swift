import Nets
import TestSupport
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

  @Test("a file without a head is loaded, and the head starts afresh")
  func withoutHead() throws {
    let source = try classifier(classes: 8, seed: 1).modelTensors()
    let loaded = try classifier(classes: 8, seed: 2)
    let initial = try loaded.modelTensors()
    #expect(try load(source.filter { !head.contains($0.name) }, into: loaded) == head)
    let expected = zip(source, initial).map { head.contains($0.name) ? $1 : $0 }
    #expect(try loaded.modelTensors() == expected)
  }

  @Test("half a head is a mistake", arguments: ["head.weight", "head.bias"])
  func halfAHead(missing: String) throws {
    let tensors = try classifier(classes: 8, seed: 1).modelTensors().filter { $0.name != missing }
    #expect(throws: NetsError.self) { try load(tensors, into: classifier(classes: 8, seed: 2)) }
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

  @Test(
    "a head that differs in more than its classes is a mistake",
    arguments: [("head.weight", [8]), ("head.weight", [8, 5]), ("head.bias", [])])
  func brokenHeads(name: String, shape: [Int]) throws {
    let tensors = try classifier(classes: 8, seed: 1).modelTensors().map { tensor in
      tensor.name == name
        ? try Tensor(
          name: name, shape: shape,
          floats: Array(repeating: 0, count: shape.reduce(1, *))) : tensor
    }
    #expect {
      try load(tensors, into: classifier(classes: 8, seed: 2))
    } throws: {
      guard case .parameterShape(name, _, _, shape) = $0 as? NetsError else { return false }
      return true
    }
  }

  @Test("a head of integers is a mistake")
  func headsOfIntegers() throws {
    let tensors = try classifier(classes: 8, seed: 1).modelTensors().map { tensor in
      tensor.name == "head.bias"
        ? try Tensor(name: tensor.name, shape: [8], integers: Array(0..<8)) : tensor
    }
    #expect(throws: NetsError.self) { try load(tensors, into: classifier(classes: 8, seed: 2)) }
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
    try load(source.modelTensors(), into: store)
  }

  private func load(_ tensors: [Tensor], into store: ParameterStore) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/source.safetensors"
    try Safetensors.write(tensors, to: path)
    return try InitialWeights.load(path, into: store, heads: [head])
  }
}
