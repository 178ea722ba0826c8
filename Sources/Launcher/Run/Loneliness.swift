/// Notices an mpirun that does not end although nothing that it has started is left: its own end can wait for
/// ever, most often where a rank died while it was being started.
///
/// - Source: seen with Open MPI 4.1.4 and PMIx 4.2.2, whose `pmix_rte_finalize` waits for a lock then.
struct Loneliness {
  /// How long mpirun has for its end, which takes less than a second.
  static let patience = Duration.seconds(15)

  private var hadCompany = false
  private var since: ContinuousClock.Instant?

  /// Whether it is over with an mpirun.
  ///
  /// - Parameter hasCompany: whether any process that it has started is there: ranks, or what leads to
  ///   other hosts. Where there never was one, somebody else has started the ranks.
  mutating func isOver(hasCompany: Bool, now: ContinuousClock.Instant = .now) -> Bool {
    if hasCompany {
      (hadCompany, since) = (true, nil)
      return false
    }
    guard hadCompany else { return false }
    let since = since ?? now
    self.since = since
    return now - since >= Self.patience
  }
}
