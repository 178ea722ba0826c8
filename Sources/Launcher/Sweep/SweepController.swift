import Foundation
import Studies
import Trainer

/// Sees a sweep through: chooses what is tried, has it trained, compares, and writes down each of these before the
/// next depends on it. A sweep that is killed goes on where its journal and the run folders say that it was.
final class SweepController {
  /// How a look at the sweep ended.
  enum Turn: Equatable {
    /// Something has changed.
    case moved
    /// Nothing has.
    case idle
    /// Everything is done that was to be.
    case over
  }

  private let plan: SweepPlan
  private let folder: SweepFolder
  private let journal: StudyJournal
  private let executor: any TrialExecutor
  private let say: (String) -> Void
  /// Trainings that run, as far as is known.
  private var underWay: [TrialTraining] = []
  /// Trainings that are to be begun, or begun again.
  private var waiting: [TrialTraining] = []
  /// Runs of those that this start of the sweep has begun.
  private var begun: Set<String> = []
  /// Runs of those that were told to end.
  private var stopped: Set<String> = []
  /// Trials that others have to be compared with first; nil where none is stopped early.
  private var standings: RungStandings?
  /// The trial that was being chosen when an earlier start of the sweep was killed.
  private var tornTrial: Int?
  /// Whether the sampler has nothing left, or nothing more is to be tried.
  private var isExhausted = false
  private var delay: SweepDelay?
  /// Where each run stood when it was last taken away, and how often it has been since.
  private var evictions: [String: (step: Int?, count: Int)] = [:]
  /// Why trainings wait, as far as it has been said.
  private var saidReasons: Set<String> = []

  /// How often a training may be taken away without having come any farther: then that is a failure.
  private static let mostEvictions = 5

  private var paused: Set<Int> { standings?.waiting ?? [] }
  /// The search so far.
  var study: Study { journal.study }

  /// A sweep at the place where its journal left it.
  ///
  /// - Parameter say: hears what happens, in sentences.
  /// - Throws: `TrainerError.system`.
  init(
    _ plan: SweepPlan, in folder: SweepFolder, journal: StudyJournal, executor: any TrialExecutor,
    say: @escaping (String) -> Void
  ) throws {
    (self.plan, self.folder, self.journal) = (plan, folder, journal)
    (self.executor, self.say) = (executor, say)
    standings = plan.halving.map { RungStandings($0, direction: plan.direction) }
    if journal.study.name.isEmpty {
      let name = (folder.path as NSString).lastPathComponent
      try journal.append([.createStudy(name: name, direction: plan.direction)])
    }
    takeUp()
  }

  /// Sorts the trials that have not ended: who comes to nothing more is found out by looking, as always.
  private func takeUp() {
    for trial in journal.study.trials {
      for (step, value) in trial.intermediate.sorted(by: { $0.key < $1.key }) {
        standings?.arrive(trial.number, at: step, with: value)
      }
      let target = target(ofTrial: trial.number)
      if trial.state == .running, target.map({ trial.intermediate[$0] != nil }) ?? false {
        continue
      }
      standings?.leave(trial.number)
      guard trial.state == .running else { continue }
      if journal.study.trialAttributes[trial.number][TrialAttribute.run] != nil {
        underWay += plan.trainings(ofTrial: trial.number, trial.assignment, in: folder, to: target)
      } else {
        tornTrial = trial.number
      }
    }
  }

  // MARK: - A turn

  /// Looks at what runs, takes note of what has ended, and begins what there is room for.
  ///
  /// - Parameter mayBegin: whether anything more is begun.
  /// - Throws: `LaunchError`, `TrainerError`; nothing is lost then.
  func turn(mayBegin: Bool = true) throws -> Turn {
    do {
      let hasEnded = try concludeWhatHasEnded()
      let hasBegun = mayBegin ? try beginWhatMay() : false
      delay = nil
      if hasEnded || hasBegun { return .moved }
    } catch let reason as SweepDelay {
      if delay != reason { say("\(reason.reason); asking again") }
      delay = reason
      return .idle
    }
    guard underWay.isEmpty else { return .idle }
    guard mayBegin else { return .over }
    return waiting.isEmpty ? .over : .idle
  }

  /// Ends what runs, with checkpoints, where it does not go on by itself.
  func stop(atOnce: Bool) throws {
    guard !executor.outlivesSweep else { return }
    stopped.formUnion(underWay.map(\.run))
    try executor.end(underWay, atOnce: atOnce)
  }

  /// Keeps something beside the trials.
  func note(_ name: String, _ value: String) throws {
    try journal.append([.setStudyAttribute(name: name, value: value)])
  }

  /// Ends the search: who waits for others to be compared with is given up.
  func conclude() throws {
    for number in paused.sorted() {
      try end(number, .pruned, journal.study.trials[number].latest?.value, because: nil)
      standings?.leave(number)
    }
    // Those that the time was over for.
    for number in Set(waiting.map(\.trial)).sorted() {
      let value = journal.study.trials[number].latest?.value
      try end(
        number, value == nil ? .failed : .pruned, value,
        because: value == nil ? "the time was over" : nil)
    }
    waiting = []
    let count = "\(study.trials.count)"
    if study.attributes[Self.finishedName] != count { try note(Self.finishedName, count) }
  }

  /// The study's attribute that counts the trials after which the sweep came to its end.
  static let finishedName = "finished"

  // MARK: - What has ended

  private func concludeWhatHasEnded() throws -> Bool {
    let sights = try executor.look(at: underWay)
    sayReasons(of: zip(underWay, sights))
    let ended = zip(underWay, sights).compactMap {
      training, sight -> (TrialTraining, status: Int32?, words: String?)? in
      guard case .ended(let status, let words) = sight else { return nil }
      return (training, status, words)
    }
    for (training, status, words) in ended {
      underWay.removeAll { $0.run == training.run }
      try conclude(training, status: status, words: words)
    }
    return !ended.isEmpty
  }

  /// Says why trainings wait: each reason once, with the first that has it.
  private func sayReasons(of sights: some Sequence<(TrialTraining, TrainingSight)>) {
    for (training, sight) in sights {
      guard case .underWay(let reason?) = sight, saidReasons.insert(reason).inserted else {
        continue
      }
      say("trial \(training.trial): \(reason)")
    }
  }

  private func conclude(_ training: TrialTraining, status: Int32?, words: String?) throws {
    guard !journal.study.trials[training.trial].state.isFinished else { return }
    if training.isThere {
      let hasOthers = (underWay + waiting).contains { $0.trial == training.trial }
      if !hasOthers { try measure(training.trial) }
      return
    }
    let words = words ?? LaunchLog.lastSentence(ofRun: training.run)
    let wasBegun = begun.remove(training.run) != nil
    switch status {
    // Whoever is told to end while it starts dies of that.
    case _ where stopped.contains(training.run): waiting.append(training)
    case ExitStatus.preempted.rawValue: try goOn(training, words: words)
    // Nobody has seen it fail: an earlier start of the sweep was interrupted, before or after it began this.
    case nil where !wasBegun: waiting.append(training)
    case nil: try retry(training, status: nil, words: words ?? "ended, and nobody knows how")
    case let status?:
      try retry(training, status: status, words: words ?? "ended with \(status)")
    }
  }

  /// Begins a training again that was taken away, unless that never ends.
  private func goOn(_ training: TrialTraining, words: String?) throws {
    let step = RunProgress(ofRun: training.run).lastStep
    let before = evictions[training.run]
    let count = before?.step == step ? (before?.count ?? 0) + 1 : 1
    evictions[training.run] = (step, count)
    let reason = words ?? "was stopped"
    guard count <= Self.mostEvictions else {
      evictions[training.run] = nil
      return try retry(
        training, status: nil, words: "\(reason), \(count) times without a new checkpoint")
    }
    say("trial \(training.trial) (\(reason)): is begun again")
    waiting.append(training)
  }

  private func retry(_ training: TrialTraining, status: Int32?, words: String) throws {
    // Not the values' fault, and all others would fail as well: the sweep ends, and this trial does not.
    try folder.requireRoom()
    let attributes = journal.study.trialAttributes[training.trial]
    let failures = (attributes[TrialAttribute.failures].flatMap { Int($0) } ?? 0) + 1
    try journal.append([
      .setTrialAttribute(
        trial: training.trial, name: TrialAttribute.failures, value: "\(failures)")
    ])
    // What ranks find wrong would be wrong once more.
    let isHopeless = [ExitStatus.usage, .badData].contains { $0.rawValue == status }
    if isHopeless || failures > plan.configuration.retries {
      let others = underWay.filter { $0.trial == training.trial && $0.run != training.run }
      // Those that cannot be ended now come to nothing by themselves.
      try? executor.end(others, atOnce: true)
      underWay.removeAll { $0.trial == training.trial }
      waiting.removeAll { $0.trial == training.trial }
      try end(training.trial, .failed, nil, because: words)
    } else {
      say(
        "trial \(training.trial) failed (\(words)): is tried again, "
          + "\(failures) of \(plan.configuration.retries)")
      waiting.append(training)
    }
  }

  /// Takes note of what a trial has come to, whose trainings have all come to where they pause.
  private func measure(_ number: Int) throws {
    let trial = journal.study.trials[number]
    let target = target(ofTrial: number)
    let trainings = plan.trainings(ofTrial: number, trial.assignment, in: folder, to: target)
    let values = try trainings.map { try plan.objective(of: $0) }
    guard let value = values.mean else {
      try end(
        number, .failed, nil,
        because: "no \(plan.configuration.objective.metric) was measured"
          + (target.map { " by update \($0): lower evaluation.every" } ?? ""))
      return
    }
    let isLast = target == nil || target == plan.halving?.rungs.last
    let hasEnded = isLast || trainings.allSatisfy { RunProgress(ofRun: $0.run).hasFinished }
    if let target {
      try journal.append(
        [.setIntermediate(trial: number, step: target, value: value)] + forgiven(number))
      standings?.arrive(number, at: target, with: value)
    }
    if hasEnded {
      standings?.leave(number)
      try end(number, .complete, value, because: nil)
    } else {
      say("trial \(number): \(plan.words(of: value)) after \(target ?? 0) updates")
    }
  }

  /// What makes the failures of a trial count from here on.
  private func forgiven(_ number: Int) -> [JournalRecord] {
    let failures = journal.study.trialAttributes[number][TrialAttribute.failures]
    return failures.map { $0 == "0" } ?? true
      ? [] : [.setTrialAttribute(trial: number, name: TrialAttribute.failures, value: "0")]
  }

  private func end(_ number: Int, _ state: Trial.State, _ value: Double?, because reason: String?)
    throws
  {
    let words = reason.map {
      [JournalRecord.setTrialAttribute(trial: number, name: TrialAttribute.failure, value: $0)]
    }
    try journal.append(
      (words ?? [])
        + [.setState(trial: number, state, objective: value, date: Date().journalText)])
    switch state {
    case .complete:
      let best = journal.study.best?.number == number ? ", the best so far" : ""
      say("trial \(number) is done: \(value.map(plan.words) ?? "")\(best)")
    case .failed:
      say("trial \(number) is given up: \(reason ?? "")")
      try requireHope(reason)
    case .pruned, .running, .waiting: return
    }
  }

  /// Throws where many trials have failed and none has come to anything: it is not their values.
  private func requireHope(_ reason: String?) throws {
    let trials = journal.study.trials
    let failed = trials.filter { $0.state == .failed }.count
    guard failed >= max(3, plan.configuration.concurrency), trials.allSatisfy({ $0.value == nil })
    else { return }
    throw LaunchError.hopeless(folder.path, failed: failed, reason: reason ?? "")
  }

  // MARK: - What begins

  private func beginWhatMay() throws -> Bool {
    var chosen: [TrialTraining] = []
    while underWay.count + chosen.count < plan.configuration.concurrency {
      if !waiting.isEmpty {
        chosen.append(waiting.removeFirst())
      } else if let more = try promote() ?? create() {
        waiting += more
      } else {
        break
      }
    }
    guard !chosen.isEmpty else { return false }
    var others = chosen
    defer { waiting = others + waiting }
    let started = try executor.begin(chosen)
    others.removeAll(where: started.contains)
    underWay += started
    begun.formUnion(started.map(\.run))
    return !started.isEmpty
  }

  /// The trainings of the trial that goes on, nil where none may.
  private func promote() throws -> [TrialTraining]? {
    guard let promotion = standings?.promotion else { return nil }
    try journal.append([
      .setTrialAttribute(
        trial: promotion.trial, name: TrialAttribute.target, value: "\(promotion.step)")
    ])
    standings?.leave(promotion.trial)
    say("trial \(promotion.trial) goes on to update \(promotion.step)")
    return plan.trainings(
      ofTrial: promotion.trial, journal.study.trials[promotion.trial].assignment, in: folder,
      to: promotion.step)
  }

  /// The trainings of a new trial, nil where enough was tried.
  private func create() throws -> [TrialTraining]? {
    let number = tornTrial ?? journal.study.trials.count
    guard !isExhausted, plan.configuration.budget.trials.map({ number < $0 }) ?? true,
      let assignment = plan.sampler.assignment(
        forTrial: number, after: Array(journal.study.trials[..<number]).givingUp(paused))
    else {
      isExhausted = true
      return nil
    }
    let parameters = plan.space.parameters.compactMap { parameter in
      assignment[parameter.name].map {
        JournalRecord.setParameter(
          trial: number, name: parameter.name, domain: parameter.domain.journalText, value: $0)
      }
    }
    let target = plan.firstStep.map {
      JournalRecord.setTrialAttribute(trial: number, name: TrialAttribute.target, value: "\($0)")
    }
    // The run comes last: who finds it knows that all of them are there.
    try journal.append(
      (tornTrial == nil ? [.createTrial(date: Date().journalText)] : []) + parameters
        + (target.map { [$0] } ?? []) + [
          .setTrialAttribute(
            trial: number, name: TrialAttribute.run, value: folder.trial(number))
        ])
    tornTrial = nil
    say("trial \(number): \(plan.space.overrides(assignment).joined(separator: " "))")
    return plan.trainings(ofTrial: number, assignment, in: folder, to: plan.firstStep)
  }

  private func target(ofTrial number: Int) -> Int? {
    journal.study.trialAttributes[number][TrialAttribute.target].flatMap { Int($0) }
  }
}

/// What the journal keeps of a trial beside what Optuna knows.
enum TrialAttribute {
  /// Where its trainings are.
  static let run = "run"
  /// The update at which they pause.
  static let target = "target"
  /// How often they failed since they last came to where they pause.
  static let failures = "failures"
  /// Why it was given up.
  static let failure = "failure"
}

extension SweepPlan {
  /// What a training has come to; nil where it was not evaluated.
  ///
  /// - Throws: `TrainerError.system`.
  fileprivate func objective(of training: TrialTraining) throws -> Double? {
    let values = try ValidationRecord.all(ofRun: training.run)
      .filter { evaluation in training.target.map { evaluation.step <= $0 } ?? true }
      .compactMap { $0.values[configuration.objective.metric] }
    switch configuration.objective.of {
    case .last: return values.last
    case .best: return direction == .maximize ? values.max() : values.min()
    }
  }
}

extension [Double?] {
  /// The mean; nil where one is missing.
  fileprivate var mean: Double? {
    let values = compactMap { $0 }
    return values.count == count && !isEmpty ? values.reduce(0, +) / Double(count) : nil
  }
}

extension Date {
  /// The date as Optuna writes it, in local time.
  var journalText: String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
    return formatter.string(from: self)
  }
}
