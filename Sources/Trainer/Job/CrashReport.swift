import Foundation

/// What a rank died of: `crash/rank-0000.json`.
public struct CrashReport: Codable, Hashable, Sendable {
  /// The rank that died.
  public var rank: Int
  var worldSize: Int
  /// Where it ran.
  public var host: String
  var process: Int32
  /// When it died, in whole seconds.
  public var time: Date
  /// What it was doing.
  public var activity: String
  /// The update that this belongs to.
  public var step: Int?
  /// Which part of it.
  public var phase: String?
  /// The status that it ended the job with.
  public var exitCode: Int32
  /// What went wrong.
  public var error: String
  /// Where ranks run that this one has waited for in vain; nil where that is not what went wrong.
  public var missingHosts: [String]?
}

extension CrashReport {
  /// The report in a file, nil where it cannot be read: it may be half written by who is dying.
  init?(readingFrom path: String) {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let bytes = try? DurableFiles.contents(path),
      let report = try? decoder.decode(CrashReport.self, from: Data(bytes))
    else { return nil }
    self = report
  }

  /// Writes the report where that is possible: dying has to go on without it.
  func write(to path: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(self) else { return }
    try? DurableFiles.makeFolder(DurableFiles.parent(of: path))
    try? DurableFiles.replace(path, with: Array(data))
  }
}
