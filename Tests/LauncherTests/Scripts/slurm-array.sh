#!/usr/bin/env bash
#SBATCH --job-name=first
#SBATCH --array=0-2%2
#SBATCH --partition=gpu
#SBATCH --account=emotion
#SBATCH --mem=180G
#SBATCH --exclusive
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=24
#SBATCH --time=1-12:00:00
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --constraint=spr
#
# teacher, written by aver-launch submit. It can be submitted once more: the run goes on.
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

job=${SLURM_JOB_ID:-?}
start=$((${SLURM_RESTART_COUNT:-0} + 1))
nodes=${SLURM_JOB_NODELIST:-this host}

# What preemption leaves, in seconds; where nothing is left, only --signal counts.
grace() {
  scontrol show partition "${SLURM_JOB_PARTITION:-}" --oneliner 2>/dev/null |
    grep -oE '\bGraceTime=[1-9][0-9]*' | cut -d = -f 2
}

# Without "incomplete", Slurm would also requeue what somebody has just cancelled.
requeue() {
  scontrol requeue incomplete "$SLURM_JOB_ID"
}

cd /home/user/project
set +u
module load openmpi/4.1
set -u
export UCX_TLS=all
ulimit -c 0
export PATH=/opt/aver/bin:$PATH

launcher=mpirun
options=(--ranks 8)
export SRUN_CPUS_PER_TASK=24
binding=(--map-by ppr:1:numa:PE=24 --bind-to core)
case ${SLURM_ARRAY_TASK_ID:?} in
  0) set -- teacher --config /configs/teacher.yaml --run runs/first/seed=1 -- threads=24 optimizer.learning_rate=0.02 seed=1 ;;
  1) set -- teacher --config /configs/teacher.yaml --run runs/first/seed=2 -- threads=24 optimizer.learning_rate=0.02 seed=2 ;;
  2) set -- teacher --config /configs/teacher.yaml --run runs/first/seed=3 -- threads=24 optimizer.learning_rate=0.02 seed=3 ;;
  *) say "no training $SLURM_ARRAY_TASK_ID" >&2 && exit 64 ;;
esac

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
