import Foundation

extension VerificationReport {
  /// The report for a person to read.
  public var text: String {
    let counted = Finding.Kind.allCases.filter { counts[$0.rawValue, default: 0] > 0 }
    let listed = counted.flatMap { kind -> [String] in
      let count = counts[kind.rawValue, default: 0]
      let shown = findings.filter { $0.kind == kind }
      let rest = count - shown.count
      return ["\(kind.title): \(count)"] + shown.map { "  \($0)" }
        + (rest > 0 ? ["  and \(rest) more"] : [])
    }
    let verdict = isClean ? "nothing is wrong with it" : "not fit for use as it is"
    return (sets.flatMap(\.lines) + listed + ["\(path): \(verdict)"]).joined(separator: "\n")
  }

  /// One JSON object.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension SetReport {
  fileprivate var lines: [String] {
    ["\(path): \(format.title)"] + parts.flatMap(\.lines) + (media?.lines ?? []) + [""]
  }
}

extension PartReport {
  fileprivate var lines: [String] {
    let groupLines = groups.map { group in
      let labels = [
        group.classes.isEmpty ? nil : group.classes.filter { $0.count > 0 }.text,
        group.valence.map { "valence \($0.text)" }, group.arousal.map { "arousal \($0.text)" },
      ].compactMap { $0 }.joined(separator: "; ")
      return "    \(group.name): \(group.count)" + (labels.isEmpty ? "" : ", \(labels)")
    }
    return [
      "  \(name): \(count) \(unit) (\(file))", classes.isEmpty ? nil : "    \(classes.sharesText)",
      valence.map { "    valence \($0.text)" }, arousal.map { "    arousal \($0.text)" },
    ].compactMap { $0 } + groupLines + notes.map { "    \($0)" }
  }
}

extension MediaReport {
  fileprivate var lines: [String] {
    let verb = isDecoded ? "decoded" : "there (not decoded, not compared)"
    return [
      "  media: \(usable) \(verb), \(unusable) unusable",
      sizes.map {
        "    pixels: smallest \($0.smallest), median \($0.median), largest \($0.largest)"
      },
      seconds.map {
        String(
          format: "    seconds: %.2f to %.2f, %.1f in all", $0.minimum, $0.maximum,
          $0.mean * Double($0.count))
      },
    ].compactMap { $0 }
  }
}

extension [ClassCount] {
  fileprivate var text: String { map { "\($0.name) \($0.count)" }.joined(separator: ", ") }

  /// Counts with their part of the whole.
  fileprivate var sharesText: String {
    let total = Swift.max(1, reduce(0) { $0 + $1.count })
    return map {
      "\($0.name) \($0.count)"
        + String(format: " (%.1f %%)", 100 * Double($0.count) / Double(total))
    }.joined(separator: ", ")
  }
}

extension ValueRange {
  fileprivate var text: String {
    let missing = missing > 0 ? ", \(missing) missing" : ""
    guard count > 0 else { return "none\(missing)" }
    return String(format: "%.3f to %.3f, mean %.3f", minimum, maximum, mean) + missing
  }
}
