import Distributed
import Foundation

/// What each rank did when, as a file in the Trace Event Format, which Perfetto and Chrome show.
///
/// Source: "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
final class TraceFile {
  private let path: String
  private let job: Job
  /// When all ranks began, by this host's clock: hosts' clocks begin at different times.
  private let origin: UInt64

  /// Stretches of time in the whole file, over all ranks and threads: some 50 MB.
  private static let most = 400_000

  /// What a rank sends.
  private struct Part: Codable {
    var host: String
    var isFull: Bool
    var main: Data
    var gradients: Data
    var origin: UInt64
  }

  /// Begins to write down what runs when. Collective.
  ///
  /// - Throws: `TrainerError.agreed` where the file cannot be written.
  init(path: String, job: Job) throws {
    self.path = path
    self.job = job
    try job.agreement.onRankZero { try DurableFiles.replace(path, with: []) }
    let threads = 2 * job.communicator.worldSize
    job.communicator.presence.record(capacity: max(1, Self.most / threads))
    try job.communicator.barrier()
    origin = MonotonicClock.nanoseconds
  }

  /// Writes the file. Collective.
  ///
  /// - Throws: `TrainerError.agreed` where rank 0 cannot; MPI errors.
  func write() throws {
    let presence = job.communicator.presence
    let recorders = [presence.mainRecorder, presence.gradientsRecorder].compactMap { $0 }
    let own = Part(
      host: job.communicator.hostName, isFull: recorders.contains(where: \.isFull),
      main: Data(ByteCoding.bytes(of: presence.mainRecorder?.spans ?? [])),
      gradients: Data(ByteCoding.bytes(of: presence.gradientsRecorder?.spans ?? [])),
      origin: origin)
    let encoder = PropertyListEncoder()
    encoder.outputFormat = .binary
    let bytes = try job.communicator.gather(Array(encoder.encode(own)), to: 0)
    try job.agreement.onRankZero {
      let parts = try (bytes ?? []).map {
        try PropertyListDecoder().decode(Part.self, from: Data($0))
      }
      try DurableFiles.replace(path, with: Array(Self.text(of: parts).utf8))
    }
  }

  private static func text(of parts: [Part]) -> String {
    var lines: [String] = []
    for (rank, part) in parts.enumerated() {
      let note = part.isFull ? " (the first part of the run)" : ""
      lines.append(name("process_name", "rank \(rank) on \(part.host)\(note)", rank, thread: 0))
      lines.append(metadata("process_sort_index", "\"sort_index\":\(rank)", rank, thread: 0))
      for (thread, spans) in [part.main, part.gradients].enumerated() {
        lines.append(
          name("thread_name", thread == 0 ? "training" : "sums of gradients", rank, thread: thread))
        let values: [SpanRecorder.Span] = ByteCoding.values(in: Array(spans)[...])
        lines += values.compactMap { event($0, rank, thread: thread, origin: part.origin) }
      }
    }
    return "{\"traceEvents\":[\n\(lines.joined(separator: ",\n"))\n],\"displayTimeUnit\":\"ms\"}\n"
  }

  private static func name(_ kind: String, _ text: String, _ rank: Int, thread: Int) -> String {
    metadata(kind, "\"name\":\(MetricValue.text(text).json)", rank, thread: thread)
  }

  private static func metadata(
    _ kind: String, _ arguments: String, _ rank: Int, thread: Int
  ) -> String {
    "{\"name\":\"\(kind)\",\"ph\":\"M\",\(place(rank, thread)),\"args\":{\(arguments)}}"
  }

  /// Perfetto takes threads of the same number for one, whatever process they are of, and 0 for the system's.
  private static func place(_ rank: Int, _ thread: Int) -> String {
    "\"pid\":\(rank + 1),\"tid\":\(2 * rank + thread + 1)"
  }

  /// One stretch, from the beginning on; nil for what was over by then.
  private static func event(
    _ span: SpanRecorder.Span, _ rank: Int, thread: Int, origin: UInt64
  ) -> String? {
    guard span.end > origin else { return nil }
    let start = max(span.start, origin)
    let (name, arguments) = words(for: span)
    return String(
      format:
        "{\"name\":%@,\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,%@,\"args\":{%@}}",
      MetricValue.text(name).json, Double(start - origin) / 1000,
      Double(span.end - start) / 1000, place(rank, thread), arguments)
  }

  private static func words(for span: SpanRecorder.Span) -> (name: String, arguments: String) {
    switch span.kind {
    case .activity:
      (Activity.shortDescription(of: span.value), step(of: span.value))
    case .sum: ("sum of a bucket", "\"bucket\":\(span.value)")
    case .wait: ("waiting: \(span.waitName)", "")
    }
  }

  private static func step(of code: UInt64) -> String {
    Activity(code: code).step.map { "\"step\":\($0)" } ?? ""
  }
}
