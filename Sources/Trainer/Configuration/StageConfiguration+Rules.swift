import Foundation
import Nets

extension LoadedConfiguration where Root: StageConfiguration {
  /// How each parameter of a model is updated, in the order of the flat vector. What the model has
  /// frozen is not.
  ///
  /// - Throws: `TrainerError.configuration` where what is frozen is no part of the model, or all of it.
  func updateRanges(of parameters: ParameterStore) throws -> [UpdateRange] {
    let ranges = values.optimizer.updateRanges(
      of: parameters.parametersFromInput,
      isHead: { name in values.heads.contains(where: name.isOrIsBelow) })
    guard ranges.contains(where: { $0.rateFactor != nil }) else {
      throw TrainerError.configuration([
        mistake("optimizer.freeze", "leaves no parameter that could be trained")
      ])
    }
    return ranges
  }

  /// - Throws: `TrainerError.configuration` naming the parts that the model does not have.
  func requireParts(_ prefixes: [String], of names: [String]) throws {
    let unknown = prefixes.filter { prefix in !names.contains { $0.isOrIsBelow(prefix) } }
    guard !unknown.isEmpty else { return }
    let parts = Set(names.flatMap(enclosingParts))
    throw TrainerError.configuration(
      unknown.map { prefix in
        let nearest = nearestKey(to: prefix, among: parts.sorted())
        return mistake(
          "optimizer.freeze",
          "'\(prefix)' is no part of the model\(nearest.map { "; did you mean '\($0)'?" } ?? "")")
      })
  }

  /// A parameter's name and all that it lies below.
  private func enclosingParts(_ name: String) -> [String] {
    let parts = name.split(separator: ".")
    return parts.indices.map { parts[...$0].joined(separator: ".") }
  }
}

extension OptimizerSection {
  /// Whether a parameter or a layer of this name is frozen.
  func freezes(_ name: String) -> Bool { freeze.contains(where: name.isOrIsBelow) }

  /// The rules of parameters: a head learns at the learning rate, the backbone's last block at
  /// backbone_factor · layer_decay of it, and each block before at layer_decay of the next one.
  ///
  /// - Parameter parameters: from the input on.
  /// - Source: layer-wise decay, J. Howard and S. Ruder, "Universal language model fine-tuning for
  ///   text classification", ACL 2018.
  fileprivate func updateRanges(
    of parameters: [ParameterInfo], isHead: (String) -> Bool
  ) -> [UpdateRange] {
    let layers = LayerDepths(parameters.filter { !isHead($0.name) })
    let ranges = parameters.map { parameter in
      var factor = Double?(1)
      if parameter.isFrozen {
        factor = nil
      } else if let height = layers.heights[parameter.name] {
        factor = backboneFactor * pow(layerDecay, Double(height))
      }
      return UpdateRange(
        elements: parameter.range, decays: parameter.decays, rateFactor: factor)
    }
    return ranges.sorted { $0.elements.lowerBound < $1.elements.lowerBound }
  }
}
