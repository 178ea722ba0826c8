import Nets

/// How deep each parameter of a backbone lies, by its name.
///
/// A block is what shares the first two parts of the names, in the order from the input on: a residual
/// block of a ResNet (`layer2.0`), a stage of a DenseNet or an EfficientNet (`features.denseblock1`,
/// `features.3`), a convolution (`conv1`). Normalisations outside of one belong to the block before
/// them (`bn1` to `conv1`). Heads lie in none.
struct LayerDepths {
  /// The block of each parameter, counted from the input on; heads are missing.
  private(set) var depths: [String: Int] = [:]
  /// Number of blocks.
  private(set) var count = 0

  /// - Parameter parameters: of the backbone alone, from the input on.
  init(_ parameters: [ParameterInfo]) {
    let withWeights = Set(parameters.filter(\.decays).map { Self.block(of: $0.name) })
    var blocks: [String: Int] = [:]
    for parameter in parameters {
      let block = Self.block(of: parameter.name)
      if blocks[block] == nil {
        if withWeights.contains(block) { count += 1 }
        blocks[block] = max(0, count - 1)
      }
      depths[parameter.name] = blocks[block]
    }
  }

  private static func block(of name: String) -> String {
    name.split(separator: ".").dropLast().prefix(2).joined(separator: ".")
  }
}

extension String {
  /// Whether a dotted name is `prefix` or lies below it: `layer1.0.weight` below `layer1`, and not
  /// below `layer`.
  func isOrIsBelow(_ prefix: String) -> Bool { self == prefix || hasPrefix("\(prefix).") }
}
