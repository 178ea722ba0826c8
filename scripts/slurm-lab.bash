# shellcheck shell=bash
# Sourced by tests that need Slurm: a lab of their own (cluster/lab) in a folder that is gone afterwards, and words
# to wait for jobs with. Takes the executables from AVER_EXECUTABLES, by default .build/release. Where root or
# Slurm are missing, it says so, and the tests end well.

tree=$PWD
export AVER_EXECUTABLES=${AVER_EXECUTABLES:-$tree/.build/release}
limit_seconds=180
tests=${0##*/}

say() {
  printf '%s: %s (%d s)\n' "$tests" "$*" "$SECONDS"
}

fail() {
  printf '\n%s: FAILED: %s (%d s)\n' "$tests" "$*" "$SECONDS" >&2
  # The jobs' own words, and Slurm's.
  squeue >&2 || true
  tail -n 40 "$folder"/*.log "$folder/lab/logs/slurmctld.log" >&2 || true
  exit 1
}

for tool in slurmctld slurmdbd mariadbd munged unshare faketime; do
  if ((EUID != 0)) || ! PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null; then
    echo "$tests: skipped: needs root and Slurm (scripts/setup --slurm)"
    exit 0
  fi
done
if [[ ! -x $AVER_EXECUTABLES/aver-train ]]; then
  echo "$tests: there is no aver-train in $AVER_EXECUTABLES: make build" >&2
  exit 69
fi

# A lab of its own: one that somebody tries something in stays as it is.
folder=$(mktemp -d "/tmp/aver-$tests.XXXXXX")
# munge's user has to pass.
chmod 755 "$folder"
export AVER_LAB=$folder/lab AVER_LAB_PORT=${AVER_LAB_PORT:-1718}
trap '"$tree/cluster/lab" down >/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

status=0
cluster/lab up >"$folder/up.txt" || status=$?
if ((status == 69)); then
  echo "$tests: skipped: there can be no lab here, as it says above"
  exit 0
fi
((status == 0)) || exit 1
say "the lab is up"
eval "$(cluster/lab environment)"
cd "$folder" || exit 1

# wait_until WHAT COMMAND…: until the command succeeds.
wait_until() {
  local what=$1 until=$((SECONDS + limit_seconds))
  shift
  until "$@"; do
    ((SECONDS < until)) || fail "waited $limit_seconds s in vain: $what"
    sleep 0.2
  done
}

# field JOB NAME: a field of what Slurm knows of a job.
field() {
  scontrol show job "$1" --oneliner | grep -oE "\b$2=[^ ]*" | head -n 1 | cut -d = -f 2
}

has_ended() {
  [[ $(field "$1" JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT)$ ]]
}
