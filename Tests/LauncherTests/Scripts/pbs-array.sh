#!/usr/bin/env bash
#PBS -N first
#PBS -J 0-2%2
#PBS -q gpu
#PBS -A emotion
#PBS -l select=2:ncpus=96:mpiprocs=4:ompthreads=24:mem=180G
#PBS -l place=scatter:excl
#PBS -l walltime=36:00:00
#PBS -j oe
#PBS -r y
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

job=${PBS_JOBID:-?}
start="?"
nodes=$(sort -u "${PBS_NODEFILE:-/dev/null}" | paste -sd , -)

# PBS does not tell.
grace() {
  return 1
}

# Where only operators may, the run goes on in a new job, whose name is left beside the script; jobs that wait for
# this one do not wait for that.
requeue() {
  qrerun "$PBS_JOBID" || {
    [[ -z ${PBS_ARRAY_INDEX:-} ]] && qsub -o "$log" "$script" >"$script.next.new" &&
      mv "$script.next.new" "$script.next"
  }
}

cd /home/user/project
script=/home/user/project/runs/first/submit/job.sh
log=runs/first/submit/
set +u
module load openmpi/4.1
set -u
export UCX_TLS=all
ulimit -c 0
export PATH=/opt/aver/bin:$PATH

launcher=mpirun
options=(--ranks 8)
options+=(--hostfile "$PBS_NODEFILE")
binding=(--map-by ppr:1:numa:PE=24 --bind-to core)
case ${PBS_ARRAY_INDEX:?} in
  0) set -- teacher --time-limit 35:58:00 --config /configs/teacher.yaml --run runs/first/seed=1 -- threads=24 optimizer.learning_rate=0.02 seed=1 ;;
  1) set -- teacher --time-limit 35:58:00 --config /configs/teacher.yaml --run runs/first/seed=2 -- threads=24 optimizer.learning_rate=0.02 seed=2 ;;
  2) set -- teacher --time-limit 35:58:00 --config /configs/teacher.yaml --run runs/first/seed=3 -- threads=24 optimizer.learning_rate=0.02 seed=3 ;;
  *) say "no training $PBS_ARRAY_INDEX" >&2 && exit 64 ;;
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
