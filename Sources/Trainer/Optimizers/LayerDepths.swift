import Nets

/// How deep each parameter of a backbone lies, by its name.
///
/// A block is what shares the first two parts of the names, in the order from the input on: a residual
/// block of a ResNet (`layer2.0`), a stage of a DenseNet or an EfficientNet (`features.denseblock1`,
/// `features.3`), a convolution (`conv1`). Normalisations outside of one belong to the block before
/// them (`bn1` to `conv1`). Heads lie in none. Where a network has several backbones
/// (`visual.backbone.…`), each counts by itself.
struct LayerDepths {
  /// Of each parameter, how many blocks its backbone has from its own on; 1 for the last. Heads are
  /// missing.
  private(set) var heights: [String: Int] = [:]

  /// - Parameter parameters: of backbones alone, from the input on.
  init(_ parameters: [ParameterInfo]) {
    for (prefix, own) in Dictionary(grouping: parameters, by: { Self.backbone(of: $0.name) }) {
      add(own) { $0.dropFirst(prefix.count) }
    }
  }

  private mutating func add(_ parameters: [ParameterInfo], named: (String) -> Substring) {
    let withWeights = Set(
      parameters.filter(\.decays).map { Self.block(of: named($0.name)) })
    var (blocks, count): ([String: Int], Int) = ([:], 0)
    var depths: [String: Int] = [:]
    for parameter in parameters {
      let block = Self.block(of: named(parameter.name))
      if blocks[block] == nil {
        if withWeights.contains(block) { count += 1 }
        blocks[block] = max(0, count - 1)
      }
      depths[parameter.name] = blocks[block]
    }
    for (name, depth) in depths { heights[name] = count - depth }
  }

  private static func block(of name: Substring) -> String {
    name.split(separator: ".").dropLast().prefix(2).joined(separator: ".")
  }

  /// What the names of a backbone among others begin with; empty where there is one alone.
  private static func backbone(of name: String) -> Substring {
    name.firstRange(of: ".backbone.").map { name[..<$0.upperBound] } ?? ""
  }
}

extension String {
  /// Whether a dotted name is `prefix` or lies below it: `layer1.0.weight` below `layer1`, and not
  /// below `layer`.
  func isOrIsBelow(_ prefix: String) -> Bool { self == prefix || hasPrefix("\(prefix).") }
}
