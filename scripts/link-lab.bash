# shellcheck shell=bash
# Sourced by what needs several hosts and the wire between them: nodes link1, link2, … on this machine, each with a
# host name, a network, a /dev/shm and cores of its own, joined by a switch whose every port passes only so many bits
# a second. They share disks, and a /run apart from this machine's.
#
#   link_lab_start [NODES [RATE]]     2 to 4 nodes, by default 2; 1gbit, 100mbit, … or unshaped, by default 1gbit
#   link_lab_mpirun RANKS_PER_NODE [mpirun options] -- COMMAND…
#   link_lab_stop
#
# Needs root; returns 77 and says why where there can be no such nodes. Nothing of them lies outside namespaces of
# their own, and the kernel ends these with the shell that called link_lab_start, however that ends.

link_lab_source=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=scripts/mpi-environment
source "${link_lab_source%/*}/mpi-environment"

# Whether there can be nodes here.
link_lab_possible() {
  local tool
  if ((EUID != 0)); then
    echo "link-lab: needs root" >&2
    return 77
  fi
  for tool in ip tc mpirun nsenter setpriv sysctl taskset unshare; do
    if ! PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null; then
      echo "link-lab: needs $tool (Debian: apt-get install iproute2 openmpi-bin procps util-linux)" >&2
      return 77
    fi
  done
}

# Not in a subshell: the nodes end with the shell that calls it.
link_lab_start() {
  local nodes=${1:-2} rate=${2:-1gbit} ready
  link_lab_possible || return
  if [[ ! $nodes =~ ^[2-4]$ || ! $rate =~ ^([1-9][0-9]*[kmg]bit|unshaped)$ ]]; then
    echo "link-lab: 2 to 4 nodes, and a rate such as 1gbit, 100mbit or unshaped: not '$nodes', '$rate'" >&2
    return 64
  fi
  link_lab_stop
  # shellcheck disable=SC2016  # for the shell within
  exec {ready}< <(
    exec setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount --net \
      bash -euo pipefail -c 'source "$1"; link_lab_first_process "${@:2}"' \
      - "$link_lab_source" "$nodes" "$rate" </dev/null
  )
  link_lab_keeper=$!
  link_lab_nodes=$nodes
  link_lab_first=
  read -r link_lab_first <&"$ready" || true
  exec {ready}<&-
  if [[ -z $link_lab_first ]]; then
    echo "link-lab: there can be no nodes here (a container without the rights, a kernel without sch_tbf?)" >&2
    link_lab_stop
    return 77
  fi
}

# Returns when no process of the nodes is left, and with them their namespaces.
link_lab_stop() {
  [[ -n ${link_lab_keeper:-} ]] || return 0
  # unshare complains of a child that was killed.
  kill -USR1 "${link_lab_first:-}" 2>/dev/null || kill -KILL "$link_lab_keeper" 2>/dev/null || true
  wait "$link_lab_keeper" 2>/dev/null || true
  link_lab_keeper='' link_lab_first=''
}

# Its status and output are mpirun's. Ended from outside, it leaves mpirun to link_lab_stop: give --timeout SECONDS.
link_lab_mpirun() {
  local ranks=$1 options=() hosts='' node
  shift
  while (($#)) && [[ $1 != -- ]]; do
    options+=("$1") && shift
  done
  if [[ ! $ranks =~ ^[1-9][0-9]*$ ]] || (($# < 2)) || [[ -z ${link_lab_first:-} ]]; then
    echo "link-lab: after link_lab_start: link_lab_mpirun RANKS_PER_NODE [mpirun options] -- COMMAND…" >&2
    return 64
  fi
  for ((node = 1; node <= link_lab_nodes; node++)); do
    hosts+=,link$node:$ranks
  done
  local settings=(
    # What is set up for another cluster must not choose how these nodes are reached.
    OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=/run/link-lab/on
    OMPI_MCA_oob_tcp_if_include=eth0
    OMPI_MCA_pml=ob1 OMPI_MCA_btl='self,vader,tcp' OMPI_MCA_btl_tcp_if_include=eth0
    # Open MPI would bind the first rank of each node to the same core, and have ranks that share cores wait as if
    # they did not.
    OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    OMPI_MCA_orte_tmpdir_base=/run/link-lab
  )
  # Entering a mount namespace leads to its root folder. HOSTNAME, where it is exported, is this machine's.
  nsenter --target "$link_lab_first" --pid --mount -- /run/link-lab/on link1 \
    "$(printf '%q ' env --unset=HOSTNAME --chdir="$PWD" "${settings[@]}" \
      mpirun -n $((ranks * link_lab_nodes)) --host "${hosts:1}" "${options[@]}" "${@:2}")"
}

# ---- Within the lab ----

# The first process of a pid namespace: all others of the lab end with it, and it takes those that have lost their
# parents. Its network is the switch. Writes its number outside the namespace when the nodes can be used.
link_lab_first_process() {
  local nodes=$1 rate=$2 node name outside shape=()
  # The terminal's signals are meant for the script; it ends the lab.
  trap '' INT HUP TERM
  trap 'exit 0' USR1
  PATH=$PATH:/usr/sbin:/sbin
  # /proc is still the one outside.
  read -r outside _ </proc/self/stat
  mount -t proc proc /proc
  mount -t tmpfs -o mode=755 link-lab /run
  mkdir /run/link-lab
  {
    echo "127.0.0.1 localhost"
    for ((node = 1; node <= nodes; node++)); do
      echo "10.0.0.$node link$node"
    done
  } >/run/link-lab/hosts
  # Takes the place of ssh: a node, and words for a shell. On the node's cores: with those of all others in sight, a
  # process starts as many threads, which then wait for each other.
  cat >/run/link-lab/on <<'ON'
#!/usr/bin/env bash
node=$(</run/link-lab/$1.pid)
exec taskset --cpu-list "$(</run/link-lab/$1.cores)" \
  nsenter --target "$node" --net --uts --ipc --mount -- bash -c "${*:2}"
ON
  chmod +x /run/link-lab/on
  [[ $rate == unshaped ]] || read -ra shape < <(link_lab_shape "$rate")
  ip link add switch type bridge
  ip link set switch up
  for ((node = 1; node <= nodes; node++)); do
    name=link$node
    link_lab_cores "$node" "$nodes" >"/run/link-lab/$name.cores"
    # shellcheck disable=SC2016  # for the shell within
    unshare --net --uts --ipc --mount bash -euo pipefail -c 'source "$1"; link_lab_node "${@:2}"' \
      - "$link_lab_source" "$node" "${shape[@]}" >/dev/null
    ip link set "$name" master switch up
    ((${#shape[@]} == 0)) || tc qdisc add dev "$name" root "${shape[@]}"
  done
  echo "$outside"
  exec >/dev/null
  sleep infinity &
  wait
}

# Makes the calling process's namespaces those of a node, and leaves a process in them.
link_lab_node() {
  local name=link$1
  hostname "$name"
  mount --bind /run/link-lab/hosts /etc/hosts
  mount -t tmpfs -o mode=1777 "$name" /dev/shm
  ip link set lo up
  # pid 1 is the lab's first process.
  ip link add eth0 type veth peer name "$name" netns 1
  # No address of IPv6: what is not asked for is one way more for MPI to choose.
  ip link set eth0 addrgenmode none
  ip address add "10.0.0.$1/24" dev eth0
  ip link set eth0 up
  (($# == 1)) || tc qdisc add dev eth0 root "${@:2}"
  # What this machine prefers shall not be in the numbers. CUBIC is what Linux usually has; where that is not
  # allowed in a namespace, Reno, which always is.
  sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null || sysctl -qw net.ipv4.tcp_congestion_control=reno
  sleep infinity &
  echo $! >"/run/link-lab/$name.pid"
}

# link_lab_cores NODE NODES: the node's share of the cores that there are, at least one.
link_lab_cores() {
  local range cores=() first last
  for range in $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status | tr , ' '); do
    mapfile -t -O ${#cores[@]} cores < <(seq "${range%-*}" "${range#*-}")
  done
  first=$((($1 - 1) * ${#cores[@]} / $2)) last=$(($1 * ${#cores[@]} / $2))
  ((last > first)) || last=$((first + 1))
  (IFS=, && echo "${cores[*]:first:last-first}")
}

# link_lab_shape RATE: the queueing discipline of every interface, in both directions of every wire.
#
# The burst is what may pass at once. It has to last until the kernel comes by again, or the rate is not reached: a
# millisecond, where a busy processor lets the timer wait. More would let short messages pass unshaped. Segmentation
# offload makes packets of up to 64 KiB (and 44 headers): a rate whose burst they do not fit in gets them cut into
# frames by tbf itself, and a limit of a few of them, in bytes, keeps it from dropping what it has cut. The limit is
# otherwise 10 ms of waiting, about the thousand frames that a network card queues at 1 Gbit/s.
link_lab_shape() {
  local bits=${1%?bit} burst limit
  case $1 in
    *kbit) bits=$((bits * 1000)) ;;
    *mbit) bits=$((bits * 1000000)) ;;
    *gbit) bits=$((bits * 1000000000)) ;;
  esac
  burst=$((bits / 8 / 1000))
  # Two frames are the least that works.
  ((burst >= 3100)) || burst=3100
  limit=$((bits / 8 / 100))
  ((limit >= 512 << 10)) || limit=$((512 << 10))
  echo "tbf rate $1 burst $burst limit $limit"
}
