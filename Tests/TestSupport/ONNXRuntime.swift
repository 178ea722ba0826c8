import Foundation
import Nets

/// What ONNX Runtime makes of exported models, held against what our plans compute.
///
/// `AVER_ONNX_PYTHON` names a Python that has onnx, onnxruntime and numpy (`scripts/setup --readers`).
public enum ONNXRuntime {
  /// The Python; nil where there is none.
  public static let python = PythonScript.interpreter(
    having: "onnx, onnxruntime", named: "AVER_ONNX_PYTHON")
  /// Why tests are skipped.
  public static let requirement: String =
    "needs a python3 with onnx and onnxruntime (AVER_ONNX_PYTHON)"

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent(
      "NetsTests/Goldens/compare_in_onnxruntime.py")

  /// Compares all models of a folder; prints the differences.
  ///
  /// - Returns: whether all are within the tolerance, and what the script said.
  public static func compare(_ folder: String) throws -> (passes: Bool, output: String) {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python ?? "python3", script.path, folder]
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(
      decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    print(output, terminator: "")
    return (process.terminationStatus == 0, output)
  }
}

/// A batch of numbers, and what a plan of ours makes of it.
public struct ONNXBatch {
  private let plan: InferencePlan
  private var tensors: [Tensor] = []
  private var generator: SeededGenerator

  /// A plan for batches of `size` samples.
  public init(graph: Graph, parameters: ParameterStore, size: Int, seed: UInt64 = 7) throws {
    plan = try InferencePlan(graph: graph, batch: size, precision: .f32, parameters: parameters)
    generator = SeededGenerator(seed: seed)
  }

  /// Fills an input with random numbers, and keeps them.
  ///
  /// - Parameter shape: of the input with its rows; images are `[…, C, H, W]` there, and `[…, H, W, C]` in
  ///   the plan.
  public mutating func fill(_ name: String, shape: [Int], areImages: Bool = false) throws {
    let values = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1.5...1.5, using: &generator)
    }
    try set(name, shape: shape, values, areImages: areImages)
  }

  /// Gives an input its numbers, and keeps them.
  public mutating func set(
    _ name: String, shape: [Int], _ values: [Float], areImages: Bool = false
  ) throws {
    let rows = areImages ? Self.channelsLast(values, shape) : values
    _ = try plan.floats(input: name).update(fromContentsOf: rows)
    tensors.append(try Tensor(name: "input/\(name)", shape: shape, floats: values))
  }

  /// Gives the exported model an input that the plan does not have.
  public mutating func give(_ name: String, shape: [Int], _ values: [Float]) throws {
    tensors.append(try Tensor(name: "input/\(name)", shape: shape, floats: values))
  }

  /// Gives an input its numbers, which the exported model has, or makes, itself.
  public func setConstant(_ name: String, _ values: [Float]) throws {
    _ = try plan.floats(input: name).update(fromContentsOf: values)
  }

  /// Gives an input of integers, one a sample.
  public mutating func set(_ name: String, _ values: [Int]) throws {
    _ = try plan.integers(input: name).update(fromContentsOf: values.map(Int32.init))
    let bytes = values.flatMap { value in
      withUnsafeBytes(of: Int32(value).littleEndian) { [UInt8]($0) }
    }
    tensors.append(
      try Tensor(name: "input/\(name)", type: .i32, shape: [values.count], bytes: bytes))
  }

  /// Runs the plan, and writes what it was given and what it gave.
  ///
  /// - Parameter outputs: with their shapes.
  public func write(outputs: [String: [Int]], to path: String) throws {
    try plan.run()
    let results = try outputs.map { name, shape in
      try Tensor(name: "output/\(name)", shape: shape, floats: Array(plan.output(name)))
    }
    try Safetensors.write(tensors + results, to: path)
  }

  /// `[…, C, H, W]` as `[…, H, W, C]`.
  private static func channelsLast(_ values: [Float], _ shape: [Int]) -> [Float] {
    let channels = shape[shape.count - 3]
    let pixels = shape.suffix(2).reduce(1, *)
    return values.indices.map { index in
      let (row, place) = index.quotientAndRemainder(dividingBy: channels * pixels)
      return values[row * channels * pixels + place % channels * pixels + place / channels]
    }
  }
}

extension ParameterStore {
  /// Gives every parameter and statistic a value of its own, none what it starts out with: a batch
  /// normalisation is then not the identity. Signals keep their order of magnitude.
  public func fillAtRandom(seed: UInt64) throws {
    try initialize(seed: seed)
    var generator = SeededGenerator(seed: seed)
    func random(_ range: ClosedRange<Float>, _ tensor: Tensor) throws -> Tensor {
      try Tensor(
        name: tensor.name, shape: tensor.shape,
        floats: (0..<tensor.elementCount).map { _ in Float.random(in: range, using: &generator) })
    }
    let filled = try modelTensors().map { tensor in
      switch tensor.name.split(separator: ".").last {
      case "running_var": try random(0.5...2, tensor)
      case "running_mean", "bias": try random(-0.3...0.3, tensor)
      case "weight" where tensor.shape.count == 1: try random(0.4...1, tensor)
      default: tensor
      }
    }
    try loadModel(filled, file: "random")
  }
}
