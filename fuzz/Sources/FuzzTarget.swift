import Foundation

@testable import Datasets

/// One parser as the fuzzer calls it.
struct FuzzTarget {
  let name: String
  /// Where mutation starts: each shows another part of the format.
  let seeds: [[UInt8]]
  /// Whether an error is one that the parser says it throws.
  let declares: (any Error) -> Bool
  /// Parses, and checks what was accepted.
  let parse: ([UInt8]) throws -> Void

  init(
    _ name: String, seeds: [[UInt8]], declares: @escaping (any Error) -> Bool,
    parse: @escaping ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds
    self.declares = declares
    self.parse = parse
  }

  /// A parser of text that throws `DatasetError`.
  init(
    _ name: String, seeds: [String], parse: @escaping ([UInt8]) throws -> Void
  ) {
    self.init(
      name, seeds: seeds.map { Array($0.utf8) }, declares: { $0 is DatasetError }, parse: parse)
  }

  /// A parser of a list: what it refuses and what it leaves out have to fit each other.
  ///
  /// - Parameters:
  ///   - file: the list's name in the scratch folder.
  ///   - read: reads the list at a path.
  ///   - problems: the rows that were left out.
  ///   - check: what holds of a list that was read.
  init<List>(
    list name: String, file: String = "list.csv", seeds: [String],
    read: @escaping (_ path: String, ErrorPolicy) throws -> List,
    problems: @escaping (List) -> [RowProblem], check: @escaping (List) -> Void
  ) {
    let list = ScratchFile(file)
    self.init(name, seeds: seeds) { bytes in
      list.write(bytes)
      let lenient = Result { try read(list.path, .skip(limit: .max)) }
      let strict = Result { try read(list.path, .fail) }
      if let list = try? lenient.get() { check(list) }
      let found = (try? lenient.get()).map(problems) ?? []
      for problem in found { requirePlace(problem, in: bytes, of: list.path) }
      switch (lenient, strict) {
      case (.success, .failure(DatasetError.row(let problem))):
        require(problem == found.first, "the first problem is \(problem), left out: \(found)")
      case (.success, .failure(let error)):
        require(false, "read when rows may be left out, refused when not: \(error)")
      case (.failure(let error), .success):
        require(false, "refused when rows may be left out, read when not: \(error)")
      case (.success, .success):
        require(found.isEmpty, "read without leaving out \(found)")
      case (.failure, .failure(DatasetError.row(let problem))):
        requirePlace(problem, in: bytes, of: list.path)
      case (.failure, .failure): break
      }
      _ = try strict.get()
    }
  }
}

/// A problem names the file and a line that it has.
func requirePlace(_ problem: RowProblem, in bytes: [UInt8], of file: String) {
  let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
  require(problem.file == file, "'\(problem)' names another file")
  require((1...lines).contains(problem.line), "'\(problem)' in a file of \(lines) lines")
}
