import Foundation

/// A JSON value whose members keep their order and whose numbers keep their kind, which Foundation's encoder
/// promises of neither: `1` and `1.0` are different to who reads journals.
enum JSONText {
  case null
  case truth(Bool)
  case whole(Int)
  /// Not finite ones are written as Python does and reads them.
  case number(Double)
  case text(String)
  case list([JSONText])
  case object([(String, JSONText)])

  /// The value on one line.
  var text: String {
    switch self {
    case .null: "null"
    case .truth(let truth): truth ? "true" : "false"
    case .whole(let number): "\(number)"
    case .number(let number):
      number.isNaN
        ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : "\(number)"
    case .text(let text): Self.quoted(text)
    case .list(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0.0)):\($0.1.text)" }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    let characters = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\0"..<" ": "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: String(scalar)
      }
    }
    return "\"\(characters.joined())\""
  }
}
