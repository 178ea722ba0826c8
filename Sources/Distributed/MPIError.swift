/// A call of the MPI library that returned a code other than success.
public struct MPIError: Error, Equatable, CustomStringConvertible {
  /// The function of the MPI library, such as `MPI_Bcast`.
  public var function: String
  /// The rank that saw the code; nil where the library has not said yet which one this is.
  public var rank: Int?
  /// The code as the library returned it.
  public var code: Int32
  /// The library's own words for the code.
  public var text: String

  /// An error from its parts.
  public init(function: String, rank: Int?, code: Int32, text: String) {
    self.function = function
    self.rank = rank
    self.code = code
    self.text = text
  }

  /// One line: who, which call, what the library says.
  public var description: String {
    let who = rank.map { "rank \($0): " } ?? ""
    return "\(who)\(function) failed with code \(code): \(text)"
  }
}
