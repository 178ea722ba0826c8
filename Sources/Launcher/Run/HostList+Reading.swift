import Foundation
import Trainer

extension HostList {
  /// Reads `a:4,b:4`; a host without a number has one slot, as for mpirun.
  ///
  /// - Throws: `LaunchError.hosts`.
  public init(list: String) throws {
    for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
      let slots = parts.count == 2 ? Int(parts[1]) : 1
      guard let name = parts.first, !name.isEmpty, parts.count <= 2, let slots, slots > 0 else {
        throw LaunchError.hosts("--hosts \(list): '\(entry)' is no HOST:SLOTS, such as n1:4")
      }
      add(String(name), slots: slots)
    }
  }

  /// Reads Open MPI's file of hosts: `n1 slots=4` a line; a host without a number has one slot.
  ///
  /// - Throws: `LaunchError.hosts`.
  public init(file: String) throws {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw LaunchError.hosts("--hostfile \(file): cannot be read")
    }
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let name = words.first else { continue }
      let value = words.dropFirst().first { $0.hasPrefix("slots=") }?.dropFirst("slots=".count)
      guard let slots = value.map({ Int($0) }) ?? 1, slots > 0 else {
        throw LaunchError.hosts("--hostfile \(file):\(index + 1): expected 'HOST slots=N'")
      }
      add(String(name), slots: slots)
    }
    guard !hosts.isEmpty else { throw LaunchError.hosts("--hostfile \(file): names no host") }
  }

  /// Reads what Slurm says of an allocation, nil where it cannot be understood.
  public init?(_ allocation: SlurmAllocation) {
    guard let names = Self.names(inSlurmList: allocation.nodeList), !names.isEmpty,
      let slots = Self.slots(inSlurmList: allocation.tasksPerNode), slots.count == names.count
    else { return nil }
    for (name, slots) in zip(names, slots) { add(name, slots: slots) }
  }

  /// `n[1-3,07],gpu` as n1, n2, n3, n07, gpu.
  private static func names(inSlurmList text: String) -> [String]? {
    var names: [String] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      let prefix = rest.prefix { $0 != "," && $0 != "[" }
      rest = rest.dropFirst(prefix.count)
      if rest.first == "[" {
        guard let end = rest.firstIndex(of: "]"),
          let numbers = numbers(inSlurmRanges: rest[..<end].dropFirst())
        else { return nil }
        rest = rest[end...].dropFirst()
        names += numbers.map { prefix + $0 }
      } else {
        names.append(String(prefix))
      }
      guard rest.isEmpty || rest.first == "," else { return nil }
      rest = rest.dropFirst()
    }
    return names
  }

  /// `1-3,07` as 1, 2, 3, 07.
  private static func numbers(inSlurmRanges text: Substring) -> [String]? {
    var numbers: [String] = []
    for range in text.split(separator: ",") {
      let ends = range.split(separator: "-")
      guard let first = ends.first.flatMap({ Int($0) }), let last = ends.last.flatMap({ Int($0) }),
        first <= last, ends.count <= 2
      else { return nil }
      numbers += (first...last).map { padded($0, to: ends[0].count) }
    }
    return numbers
  }

  private static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// `4(x3),2` as 4, 4, 4, 2.
  private static func slots(inSlurmList text: String) -> [Int]? {
    var slots: [Int] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "(")
      let times = parts.count == 2 ? Int(parts[1].dropFirst().dropLast()) : 1
      guard let count = parts.first.flatMap({ Int($0) }), let times, parts.count <= 2, count > 0,
        times > 0
      else { return nil }
      slots += Array(repeating: count, count: times)
    }
    return slots
  }
}
