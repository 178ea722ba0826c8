/// The parts of batch scripts that are the same for all jobs; `cluster/train.sbatch` has those of Slurm too.
enum BatchScriptText {
  /// What comes first.
  static let preamble = #"""
    set -euo pipefail

    # First of all: a signal that comes before ends the job. --signal=B sends it to this script alone.
    asked=no
    program=
    trap 'asked=yes; ask' USR1 TERM INT

    # Asks the ranks for a checkpoint: both mpirun and srun hand USR1 on to them.
    ask() {
      [[ -z $program ]] || kill -USR1 "$program" 2>/dev/null || true
    }

    say() {
      echo "$(date '+%F %T') job $job: $*"
    }
    """#

  /// What Slurm tells a job.
  static let slurm = #"""
    job=${SLURM_JOB_ID:-?}
    start=$((${SLURM_RESTART_COUNT:-0} + 1))
    nodes=${SLURM_JOB_NODELIST:-this host}

    # What preemption leaves, in seconds; where nothing is left, only --signal counts.
    grace() {
      scontrol show partition "${SLURM_JOB_PARTITION:-}" --oneliner 2>/dev/null |
        grep -oE '\bGraceTime=[1-9][0-9]*' | cut -d = -f 2
    }
    """#

  /// How Slurm runs a job once more.
  static let slurmRequeue = #"""
    # Without "incomplete", Slurm would also requeue what somebody has just cancelled.
    requeue() {
      scontrol requeue incomplete "$SLURM_JOB_ID"
    }
    """#

  /// The same of PBS.
  static let pbs = #"""
    job=${PBS_JOBID:-?}
    start="?"
    nodes=$(sort -u "${PBS_NODEFILE:-/dev/null}" | paste -sd , -)

    # PBS does not tell.
    grace() {
      return 1
    }
    """#

  /// How PBS runs a job once more.
  static let pbsRequeue = #"""
    # Where only operators may, the run goes on in a new job, whose name is left beside the script; jobs that wait for
    # this one do not wait for that.
    requeue() {
      qrerun "$PBS_JOBID" || {
        [[ -z ${PBS_ARRAY_INDEX:-} ]] && qsub -o "$log" "$script" >"$script.next.new" &&
          mv "$script.next.new" "$script.next"
      }
    }
    """#

  /// For jobs that are not to be run once more.
  static let noRequeue = #"""
    # The cluster file wants it so.
    requeue() {
      return 1
    }
    """#

  /// The program, and what follows its end.
  static let conclusion = #"""
    left=$(grace) || left=
    [[ -z $left ]] || set -- "$1" --grace-period "$left" "${@:2}"
    command=(aver-launch run --launcher "$launcher" "${options[@]}" "${binding[@]/#/--launcher-argument=}" "$@")

    say "${command[*]} (start $start, on $nodes)"
    "${command[@]}" &
    program=$!
    # A signal that has a trap ends a wait.
    while kill -0 "$program" 2>/dev/null; do
      if [[ $asked == no ]]; then
        wait "$program" || true
      else
        # Every five seconds: ranks that are being started miss what comes before they are.
        ((SECONDS % 5 > 0)) || ask
        sleep 1
      fi
    done
    status=0
    wait "$program" || status=$?

    case $status in
      75) again=yes ;;
      # What ranks find wrong would be wrong once more.
      0 | 64 | 65 | 69 | 70 | 130) again=no ;;
      # Those that are asked while they start die of it, mpirun in ways of its own; there was nothing to lose.
      *) again=$asked ;;
    esac
    if [[ $again == yes ]]; then
      say "stopped with status $status; runs again, unless it was cancelled"
      requeue || say "not requeued: submit it again, and it goes on" >&2
    fi
    exit "$status"
    """#
}
