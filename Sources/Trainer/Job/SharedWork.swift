import Foundation

/// Work that the ranks of a job share: items, each of which one rank does and keeps in a file of its own.
///
/// Which rank does an item changes nothing of it, and what is finished survives an interruption.
protocol SharedWork: AnyObject {
  associatedtype Item
  associatedtype Piece

  /// What people call items and what they are measured by.
  var words: WorkWords { get }

  /// What an item is measured by: how many frames or images it has, roughly.
  func units(of item: Item) -> Int
  /// Whether an item is done and kept.
  func isKept(_ item: Item) throws -> Bool
  /// Begins an item.
  ///
  /// - Parameter following: the items that this rank does next, for whoever reads ahead.
  func begin(_ item: Item, following: ArraySlice<Item>) throws -> Piece
  /// Does a little more of an item, a second of work at most.
  ///
  /// - Returns: whether there is more to do.
  func advance(_ piece: Piece) throws -> Bool
  /// How much of an item is done, 0 to 1.
  func progress(of piece: Piece) -> Double
  /// Keeps an item that is done.
  func keep(_ piece: Piece, of item: Item) throws
  /// What a failure becomes that is the item's.
  func failure(_ error: any Error, of item: Item) -> any Error
  /// Keeps an item that cannot be done as one that is done without it.
  ///
  /// - Returns: whether that is so.
  func recover(from error: any Error, in item: Item) throws -> Bool
}

extension SharedWork {
  func failure(_ error: any Error, of item: Item) -> any Error { error }
  func recover(from error: any Error, in item: Item) throws -> Bool { false }
}

/// What people call the items of shared work.
struct WorkWords {
  /// Such as "features".
  var result: String
  /// Such as "films and sounds".
  var items: String
  /// Such as "frames".
  var units: String
  /// Where what is finished is kept.
  var folder: String
}

/// Does what is missing of shared work, on all ranks of a job.
///
/// A rank does whole items. Between two turns, all ranks ask whether to stop and whether one of them failed.
struct WorkSharing<Work: SharedWork> {
  let job: Job
  let work: Work
  let console: Console

  /// Seconds that ranks work on their own between two looks at each other.
  static var turnSeconds: Double { 0.25 }

  /// Does what is missing. Collective.
  ///
  /// - Parameter isStopRequested: asked between turns, on all ranks; collective.
  /// - Returns: false when a stop was requested.
  /// - Throws: `TrainerError.agreed` naming the item and what is wrong with it.
  func run(_ items: [Work.Item], isStopRequested: () throws -> Bool) throws -> Bool {
    let missing = try missing(of: items)
    guard !missing.isEmpty else { return true }
    let words = work.words
    console.say(
      "extracting \(words.result) of \(missing.count) of \(items.count) \(words.items) into "
        + words.folder)
    let share = WorkShare(work, dealt(missing)[...])
    var progress = WorkProgress(
      words: words, items: missing.count, units: missing.reduce(0) { $0 + work.units(of: $1) })
    while true {
      if try isStopRequested() {
        console.say("stopped; \(words.result) that are finished are kept in \(words.folder)")
        return false
      }
      share.takeTurn(seconds: Self.turnSeconds) { job.signals.isStopRequested }
      let states = try job.communicator.allGather(ByteCoding.bytes(of: share.state.numbers))
        .map { WorkState(numbers: ByteCoding.values(in: $0[...])) }
      if states.contains(where: \.hasFailed) {
        try job.agreement.together { if let failure = share.failure { throw failure } }
      }
      let isDone = states.allSatisfy { $0.left == 0 }
      progress.show(states, on: console, isLast: isDone)
      if isDone { return true }
    }
  }

  /// The items that are not done yet, in their order. Collective: each rank looks at its part.
  private func missing(of items: [Work.Item]) throws -> [Work.Item] {
    let own = try job.agreement.together {
      try dealt(items).map { try work.isKept($0) ? UInt8(0) : 1 }
    }
    let all = try job.communicator.allGather(own)
    let ranks = job.communicator.worldSize
    return items.indices.filter { all[$0 % ranks][$0 / ranks] == 1 }.map { items[$0] }
  }

  /// This rank's part, in turn.
  private func dealt(_ items: [Work.Item]) -> [Work.Item] {
    stride(from: job.rank, to: items.count, by: job.communicator.worldSize).map { items[$0] }
  }
}

/// What one rank does.
private final class WorkShare<Work: SharedWork> {
  private(set) var failure: (any Error)?
  private let work: Work
  private var items: ArraySlice<Work.Item>
  private var piece: Work.Piece?
  private var itemsDone = 0
  private var unitsOfDone = 0

  init(_ work: Work, _ items: ArraySlice<Work.Item>) {
    self.work = work
    self.items = items
  }

  /// What other ranks want to know.
  var state: WorkState {
    let current = items.first.flatMap { item in
      piece.map { Int(Double(work.units(of: item)) * work.progress(of: $0)) }
    }
    return WorkState(
      hasFailed: failure != nil, left: items.count, done: itemsDone,
      units: unitsOfDone + (current ?? 0))
  }

  /// Works for a while, where there is anything to do.
  ///
  /// - Parameter isOver: asked now and then; ends the turn early.
  func takeTurn(seconds: Double, isOver: () -> Bool) {
    let began = ContinuousClock.now
    while failure == nil, let item = items.first, began.duration(to: .now) < .seconds(seconds),
      !isOver()
    {
      do {
        try advance(item)
      } catch {
        failure = work.failure(error, of: item)
      }
    }
  }

  private func advance(_ item: Work.Item) throws {
    do {
      let piece = try piece ?? work.begin(item, following: items.dropFirst())
      self.piece = piece
      if try work.advance(piece) { return }
      try work.keep(piece, of: item)
    } catch {
      guard try work.recover(from: error, in: item) else { throw error }
    }
    piece = nil
    itemsDone += 1
    unitsOfDone += work.units(of: item)
    items.removeFirst()
  }
}

/// How far a rank is.
private struct WorkState {
  var hasFailed: Bool
  /// Items that are not done.
  var left: Int
  /// Items that are.
  var done: Int
  /// Units that are.
  var units: Int

  init(hasFailed: Bool, left: Int, done: Int, units: Int) {
    self.hasFailed = hasFailed
    self.left = left
    self.done = done
    self.units = units
  }

  init(numbers: [Int]) {
    self.init(hasFailed: numbers[0] != 0, left: numbers[1], done: numbers[2], units: numbers[3])
  }

  var numbers: [Int] { [hasFailed ? 1 : 0, left, done, units] }
}

/// How far the work is, said every so often.
private struct WorkProgress {
  let words: WorkWords
  let items: Int
  let units: Int
  private let started = ContinuousClock.now
  private var said = ContinuousClock.now

  private static let pause = Duration.seconds(10)

  init(words: WorkWords, items: Int, units: Int) {
    self.words = words
    self.items = items
    self.units = units
  }

  mutating func show(_ states: [WorkState], on console: Console, isLast: Bool) {
    guard isLast || said.duration(to: .now) >= Self.pause else { return }
    said = .now
    let done = states.reduce(0) { $0 + $1.done }
    let seen = states.reduce(0) { $0 + $1.units }
    let seconds = started.duration(to: .now) / .seconds(1)
    let rate = Double(seen) / seconds
    let left = isLast || seen == 0 ? nil : Double(max(0, units - seen)) / rate
    console.say(
      "\(words.result): \(done)/\(items) \(words.items), "
        + String(format: "%.0f ", rate) + "\(words.units)/s"
        + (left.map { String(format: ", %.0f s left", $0) }
          ?? String(format: ", %.1f s in all", seconds)))
  }
}
