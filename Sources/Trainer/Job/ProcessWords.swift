import Foundation

/// The words that this process was started with.
///
/// Swift looks for them on the stack, before the environment, and finds none where a library has set a variable ahead
/// of `main`. Libraries that sites preload into every program do, to watch it or to set its clock. The kernel knows
/// the words all the same.
public enum ProcessWords {
  /// The arguments, without the program's own name.
  public static var arguments: [String] { Array(all.dropFirst()) }

  /// The program's name, without its folder.
  static var program: String { all.first.map { ($0 as NSString).lastPathComponent } ?? "aver" }

  private static let all: [String] = {
    let known = CommandLine.arguments
    guard known.count < 2,
      let bytes = FileManager.default.contents(atPath: "/proc/self/cmdline")
    else { return known }
    // Each ends with a zero.
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }()
}
