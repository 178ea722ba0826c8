/// What starts the ranks: `--launcher`.
public enum StarterChoice: String, CaseIterable, Sendable {
  /// mpirun; within an allocation of Slurm's srun, where there is no mpirun.
  case auto
  /// Open MPI's.
  case mpirun
  /// Slurm's.
  case srun
}
