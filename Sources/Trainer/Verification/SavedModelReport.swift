import Foundation

/// What `aver verify` found of a run, a checkpoint or a file of weights.
public struct SavedModelReport: Codable, Equatable, Sendable {
  /// A checkpoint or a file of weights that is whole.
  public struct Part: Codable, Equatable, Sendable {
    /// The folder or file.
    public var path: String
    /// Tensors in all of its files.
    public var tensors: Int
    /// Their elements.
    public var elements: Int
    /// The step of a checkpoint, nil for weights alone.
    public var step: Int?
  }

  /// Something that is broken.
  public struct Finding: Codable, Equatable, Sendable {
    /// The folder or file.
    public var file: String
    /// What is wrong.
    public var reason: String
  }

  /// What was verified.
  public var path: String
  /// What it was taken for.
  public var format: SavedModelFormat
  /// What is whole.
  public internal(set) var parts: [Part] = []
  /// What is broken.
  public internal(set) var findings: [Finding] = []

  /// Whether nothing is broken.
  public var isClean: Bool { findings.isEmpty }

  /// The report for a person to read.
  public var text: String {
    let whole = parts.map { part in
      "  \(part.path): " + (part.step.map { "step \($0), " } ?? "")
        + "\(part.tensors) tensors of \(part.elements) elements, all finite"
    }
    let broken = findings.map { "  \($0.file): \($0.reason)" }
    let verdict = isClean ? "nothing is wrong with it" : "not fit for use as it is"
    return
      (["\(path): \(format.rawValue)"] + whole
      + (broken.isEmpty ? [] : ["broken: \(broken.count)"] + broken) + ["\(path): \(verdict)"])
      .joined(separator: "\n")
  }

  /// One JSON object.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
