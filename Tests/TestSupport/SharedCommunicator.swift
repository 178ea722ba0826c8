import Distributed
import Foundation

/// The communicator of a test process under mpirun, shared by all suites of rank tests.
public enum SharedCommunicator {
  /// Set by mpirun: elsewhere rank tests are skipped, and MPI is not touched.
  public static let isUnderMPI =
    ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil

  // Rank tests run one after the other: one thread at a time uses it.
  nonisolated(unsafe) private static let shared = Result {
    let communicator = try Communicator.world()
    // mpirun takes a rank that ends without MPI_Finalize for a failed one.
    atexit { try? SharedCommunicator.get().finalize() }
    return communicator
  }

  /// The communicator; MPI starts with the first call and ends with the process.
  public static func get() throws -> Communicator {
    try shared.get()
  }
}

/// The seed that rank 0 drew for a property test, on all ranks. Collective.
public func sharedSeed(_ test: String, _ communicator: Communicator) throws -> UInt64 {
  var digits = communicator.rank == 0 ? Array(String(propertySeed(test)).utf8) : []
  try communicator.broadcast(&digits, from: 0)
  return UInt64(String(decoding: digits, as: UTF8.self)) ?? 0
}
