import Foundation
import Trainer

/// What a run's folder says of the batch job that it was handed in as: `submit/job.json`.
struct SubmissionRecord: Codable, Equatable, Sendable {
  /// Where.
  var scheduler: SchedulerName
  /// What the job is found by where its number is not known.
  var tag: String
  /// The scheduler's name for it; nil where nobody knows yet whether it was taken.
  var job: String?
  /// Which member of an array it is; nil for a job of its own.
  var index: Int?
  /// The folder of that array, from wherever one looks.
  var array: String?
  /// The runs of an array, in this record of its own: in its folder, or from wherever one looks.
  var members: [String]?
  /// Ranks, over all nodes.
  var ranks: Int
  /// When it was handed in.
  var date: String

  /// The record of a member of the array whose record this is, and whose folder.
  func member(_ index: Int, of array: String? = nil) -> SubmissionRecord {
    var record = self
    (record.index, record.array, record.members) = (index, array, nil)
    return record.known(as: job)
  }

  /// The record where the scheduler's name for the job, or its array, is known.
  func known(as job: String?) -> SubmissionRecord {
    var record = self
    record.job = job.map { job in
      switch (index, scheduler) {
      case (nil, _): job
      case (let index?, .slurm): "\(job)_\(index)"
      // 12[].server is an array, 12[3].server one of its jobs.
      case (let index?, .pbs): job.replacing("[]", with: "[\(index)]")
      }
    }
    return record
  }

  private static func path(run: String) -> String { "\(SubmissionFiles(run: run).folder)/job.json" }

  /// Whether a run was ever handed in.
  static func exists(run: String) -> Bool { DurableFiles.exists(path(run: run)) }

  /// The record of a run; nil where it was never handed in.
  ///
  /// - Throws: `LaunchError.recordBroken`.
  static func read(run: String) throws -> SubmissionRecord? {
    let path = path(run: run)
    guard let bytes = try DurableFiles.contents(path) else { return nil }
    guard var record = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
      throw LaunchError.recordBroken(path)
    }
    if let successor = try DurableFiles.contents(SubmissionFiles(run: run).successor) {
      let lines = String(decoding: successor, as: UTF8.self).split(separator: "\n")
      record.job = lines.last.map(String.init) ?? record.job
    }
    return record
  }

  /// The records of some runs; the jobs of those that were handed in by somebody who was killed before their names
  /// were known are looked for, with one question for all, and kept.
  ///
  /// - Throws: as `read`, `SchedulerFailure`.
  static func known(
    ofRuns runs: [String], _ scheduler: (SchedulerName) -> any Scheduler
  ) throws -> [SubmissionRecord?] {
    var records = try runs.map(read)
    let uncertain = records.compactMap { $0 }.filter { $0.job == nil }
    for (name, group) in Dictionary(grouping: uncertain, by: \.scheduler) {
      let jobs = try scheduler(name).jobs(tagged: Set(group.map(\.tag)))
      for (index, record) in records.enumerated() {
        guard let record, record.job == nil, record.scheduler == name, let job = jobs[record.tag]
        else { continue }
        records[index] = record.known(as: job)
        try records[index]?.write(run: runs[index])
      }
    }
    return records
  }

  /// The runs of the array that a folder is; nil where it is none.
  ///
  /// - Throws: as `read`.
  static func members(ofArray folder: String) throws -> [String]? {
    try read(run: folder)?.members?.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
  }

  /// Forgets that a run was handed in: it was refused.
  ///
  /// - Throws: `TrainerError.system`.
  static func remove(run: String) throws { try DurableFiles.remove(path(run: run)) }

  /// Keeps the record of a run.
  ///
  /// - Throws: `TrainerError.system`.
  func write(run: String) throws {
    try DurableFiles.makeFolder(SubmissionFiles(run: run).folder)
    try DurableFiles.remove(SubmissionFiles(run: run).successor)
    try DurableFiles.replace(Self.path(run: run), with: DurableFiles.json(self))
  }
}

extension SchedulerName: Codable {}

/// The files of a run, or of an array of them, that was handed in to a scheduler.
struct SubmissionFiles {
  /// The run's folder; of an array, the one that theirs are in.
  let run: String

  /// What submitting leaves there.
  var folder: String { "\(run)/submit" }
  /// The script.
  var script: String { "\(folder)/job.sh" }
  /// The name of the job that the last one has handed in for itself, where PBS did not let it back into its queue.
  var successor: String { "\(script).next" }

  /// Where what the job prints goes, in the words of the scheduler.
  func log(_ scheduler: SchedulerName, isArray: Bool) -> String {
    switch scheduler {
    // Slurm takes %-signs for its own.
    case .slurm: "\(folder.replacing("%", with: "%%"))/slurm-\(isArray ? "%A_%a" : "%j").log"
    // PBS names the files in a folder after jobs.
    case .pbs: "\(folder)/"
    }
  }
}
