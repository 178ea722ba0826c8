/// Hosts and how many ranks each of them takes.
public struct HostList: Equatable, Sendable {
  /// One host.
  public struct Host: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// The ranks that it takes.
    public var slots: Int
  }

  /// The hosts, each once.
  public private(set) var hosts: [Host] = []

  /// The ranks that all of them take.
  public var slots: Int { hosts.map(\.slots).reduce(0, +) }

  /// Adds slots of a host, which may be listed several times.
  mutating func add(_ name: String, slots: Int) {
    if let index = hosts.firstIndex(where: { $0.name == name }) {
      hosts[index].slots += slots
    } else {
      hosts.append(Host(name: name, slots: slots))
    }
  }

  /// Removes a host, by any of its names.
  ///
  /// - Returns: whether it was there, and others are.
  mutating func remove(_ name: String) -> Bool {
    let remaining = hosts.filter { !Self.isSame($0.name, name) }
    guard !remaining.isEmpty, remaining.count < hosts.count else { return false }
    hosts = remaining
    return true
  }

  /// As `--host` of mpirun reads it: `n1:4,n2:4`.
  public var text: String { hosts.map { "\($0.name):\($0.slots)" }.joined(separator: ",") }

  /// Whether two names are one host's: one may have a domain and the other none.
  private static func isSame(_ first: String, _ second: String) -> Bool {
    first == second
      || (first.contains(".") != second.contains(".") && label(first) == label(second))
  }

  private static func label(_ name: String) -> Substring {
    name.split(separator: ".").first ?? ""
  }
}
