import Media
import Nets

extension LogMelSpectrogram {
  /// The input of an ONNX model that is sound instead of the log-mel patch of it.
  ///
  /// The transform is a matrix product in float64, for the reason for which ours is.
  ///
  /// - Parameter frames: of the patch.
  static func prelude(frames: Int) -> ONNXPrelude {
    let samples = (frames - 1) * hopSamples + windowSamples
    return ONNXPrelude(
      input: "samples", shape: [samples],
      documentation: "mono sound at \(rate) Hz, -1 to 1, as long as a patch"
    ) { input, builder in
      let (layer, matrices) = ("log_mel", Self.matrices)
      func add(
        _ operation: String, _ inputs: [String],
        _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
      ) -> String { builder.add(operation, inputs, attributes, layer: layer) }
      let windows = add("Gather", [input, try places(frames, builder)], ["axis": .integer(1)])
      let wide = add("Cast", [windows], ["to": .integer(TensorType.f64.onnxNumber)])
      let spectrum = add("MatMul", [wide, try transform(matrices, builder)])
      let parts = builder.integers([0, 0, 2, matrices.bins])
      let squares = add("Reshape", [add("Mul", [spectrum, spectrum]), parts])
      let sums = add("ReduceSum", [squares, builder.integers([2])], ["keepdims": .integer(0)])
      let magnitudes = add(
        "Cast", [add("Sqrt", [sums])], ["to": .integer(TensorType.f32.onnxNumber)])
      let bands = try builder.constant(
        TensorSource(
          Tensor(
            name: "\(layer).bands", shape: [matrices.bins, Self.bands], floats: matrices.bands)
        ))
      let energies = add("MatMul", [magnitudes, bands])
      let logarithms = add("Log", [add("Add", [energies, builder.number(matrices.offset)])])
      return add("Unsqueeze", [logarithms, builder.integers([1])])
    }
  }

  /// Which samples are under each window, `[frames, 400]`.
  private static func places(_ frames: Int, _ builder: ONNXBuilder) throws -> String {
    let places = (0..<frames).flatMap { frame in
      (0..<windowSamples).map { frame * hopSamples + $0 }
    }
    return builder.constant(
      TensorSource(
        try Tensor(name: "log_mel.places", shape: [frames, windowSamples], integers: places)))
  }

  private static func transform(
    _ matrices: LogMelMatrices, _ builder: ONNXBuilder
  ) throws -> String {
    let bytes = matrices.transform.map(\.bitPattern.littleEndian)
      .withUnsafeBytes { [UInt8]($0) }
    return builder.constant(
      TensorSource(
        try Tensor(
          name: "log_mel.transform", type: .f64, shape: [windowSamples, 2 * matrices.bins],
          bytes: bytes)))
  }
}
