import Foundation
import TestSupport
import Testing

@testable import Distributed

/// The communicator of a test process under mpirun.
enum SharedCommunicator {
  /// Set by mpirun: elsewhere rank tests are skipped, and MPI is not touched.
  static let isUnderMPI = ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil

  // Rank tests are serialized: one thread at a time uses it.
  nonisolated(unsafe) private static let shared = Result {
    let communicator = try Communicator.world()
    // mpirun takes a rank that ends without MPI_Finalize for a failed one.
    atexit { try? SharedCommunicator.get().finalize() }
    return communicator
  }

  static func get() throws -> Communicator {
    try shared.get()
  }
}

/// The seed that rank 0 drew, on all ranks.
func sharedSeed(_ test: String, _ communicator: Communicator) throws -> UInt64 {
  var digits = communicator.rank == 0 ? Array(String(propertySeed(test)).utf8) : []
  try communicator.broadcast(&digits, from: 0)
  return try #require(UInt64(String(decoding: digits, as: UTF8.self)))
}
