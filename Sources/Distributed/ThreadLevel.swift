import CMPI

/// What the MPI library allows threads to do, from least to most.
public enum ThreadLevel: String, Codable, Sendable {
  /// The process has one thread.
  case single
  /// Only the thread that started MPI calls it.
  case funneled
  /// Any thread calls it, one at a time.
  case serialized
  /// Any threads call it at any time.
  case multiple

  init(provided: CInt) {
    switch Int(provided) {
    case Int(MPI_THREAD_MULTIPLE): self = .multiple
    case Int(MPI_THREAD_SERIALIZED): self = .serialized
    case Int(MPI_THREAD_FUNNELED): self = .funneled
    default: self = .single
    }
  }
}
