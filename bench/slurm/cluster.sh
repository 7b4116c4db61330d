#!/usr/bin/env bash
# A cluster of SLURM on this machine: a controller and two nodes, each a namespace of its own. Runs a command at the controller
# and takes everything down again:
#
#   bench/slurm/cluster.sh COMMAND…
#
# Needs root on Linux, and: apt-get install slurm-wlm munge libpmix-dev iproute2
# The command finds the cluster by SLURM_CONF, and in CLUSTER a folder that it shares with the nodes, where work/small is a disk of
# 256 kB. Nodes see the files of this machine, except for /tmp, of which each has its own.
set -euo pipefail

nodes=2
cpus=2

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

# Outside: checks what is needed, then goes on inside. All processes of the cluster are in one PID namespace, so that they end
# with its first one, however this script ends.
if [ -z "${CLUSTER:-}" ]; then
  [ $# -gt 0 ] || fail "no command is given"
  [ "$(id -u)" -eq 0 ] || fail "needs root, which makes namespaces"
  missing=()
  for program in slurmctld slurmd munged sbatch srun ip nsenter unshare mountpoint; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  [ ${#missing[@]} -eq 0 ] ||
    fail "missing: ${missing[*]}; apt-get install slurm-wlm munge libpmix-dev iproute2 util-linux"
  # Not below /tmp, which the nodes do not share.
  CLUSTER=$(mktemp -d /var/tmp/tag2mask-slurm.XXXXXX)
  export CLUSTER
  inside=
  clean_up() {
    if [ -n "$inside" ]; then
      kill -KILL "$inside" || true
      wait "$inside" || true
    fi 2>/dev/null
    rm -rf --one-file-system "$CLUSTER"
  }
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  code=0
  # In the background, so that signals do not wait for its end.
  unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc \
    bash "${BASH_SOURCE[0]}" "$@" <&0 &
  inside=$!
  wait "$inside" || code=$?
  inside=
  exit "$code"
fi

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
repository=$PWD
hostname head
mkdir -p "$CLUSTER"/{state,log}
chmod 755 "$CLUSTER"

# The network: a bridge with the controller at .1 and the nodes at .11, .12.
ip link set lo up
ip link add cluster type bridge
ip address add 10.77.0.1/24 dev cluster
ip link set cluster up
{
  echo "127.0.0.1 localhost"
  echo "10.77.0.1 head"
  for ((n = 1; n <= nodes; n++)); do echo "10.77.0.1$n node$n"; done
} >"$CLUSTER/hosts"
mount --bind "$CLUSTER/hosts" /etc/hosts

export SLURM_CONF=$CLUSTER/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=tag2mask
SlurmctldHost=head(10.77.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that is put back in the queue waits until its credential has expired: 2 minutes by default.
AuthInfo=socket=$CLUSTER/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool-%n
SlurmctldPidFile=$CLUSTER/slurmctld.pid
SlurmdPidFile=$CLUSTER/slurmd-%n.pid
SlurmctldLogFile=$CLUSTER/log/slurmctld.log
SlurmdLogFile=$CLUSTER/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
KillWait=10
NodeName=node[1-$nodes] NodeAddr=10.77.0.1[1-$nodes] CPUs=$cpus RealMemory=4096 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
printf 'CgroupAutomount=no\n' >"$CLUSTER/cgroup.conf"

# A disk that is soon full.
mkdir -p "$CLUSTER/work/small"
mount -t tmpfs -o size=256k tmpfs "$CLUSTER/work/small"

head -c 1024 /dev/urandom >"$CLUSTER/munge.key"
chmod 400 "$CLUSTER/munge.key"
munged --force --key-file="$CLUSTER/munge.key" --socket="$CLUSTER/munge.socket" \
  --pid-file="$CLUSTER/munged.pid" --log-file="$CLUSTER/log/munged.log" --seed-file="$CLUSTER/munge.seed"
slurmctld

# A node has its own network, name and /tmp. The repository may lie below /tmp.
start_node() {
  local number=$1 name=node$1
  mkdir -p "$CLUSTER/spool-$name" "$CLUSTER/repository"
  # shellcheck disable=SC2016 # these are of the inner shell
  unshare --net --uts --mount bash -c '
    set -euo pipefail
    hostname "$1"
    mount --bind "$2" "$CLUSTER/repository"
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mkdir -p "$2"
    mount --move "$CLUSTER/repository" "$2"
    echo $$ >"$CLUSTER/$1.ns"
    # The link is put in from outside.
    until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
    ip link set lo up
    ip address add "10.77.0.1$3/24" dev eth0
    ip link set eth0 up
    exec slurmd -D -N "$1"
  ' node "$name" "$repository" "$number" >"$CLUSTER/log/$name.out" 2>&1 &
  until [ -s "$CLUSTER/$name.ns" ]; do
    kill -0 $! 2>/dev/null || fail "$name does not start: $(cat "$CLUSTER/log/$name.out")"
    sleep 0.05
  done
  ip link add "port$number" type veth peer name eth0 netns "$(cat "$CLUSTER/$name.ns")"
  ip link set "port$number" master cluster up
}
for ((n = 1; n <= nodes; n++)); do start_node "$n"; done

for ((tries = 0; ; tries++)); do
  [ "$(sinfo --noheader --format=%D --states=idle 2>/dev/null | tr -d ' ')" = "$nodes" ] && break
  if [ "$tries" -ge 300 ]; then
    tail -n 20 "$CLUSTER"/log/* >&2
    fail "the nodes are not ready after 30 s"
  fi
  sleep 0.1
done

# The last process of the namespace: everything else ends with it.
code=0
"$@" || code=$?
exit "$code"
