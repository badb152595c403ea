#!/bin/sh
# The emulated machine's first process: brings it up, then runs each line that it reads from the virtual serial port as a
# shell command, one after the other, and answers `EXIT BYTES BYTES`, standard output, standard error.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
mkdir -p /run/netns
hostname emulated
ip link set lo up

set -- /dev/vport*
exec 3<>"$1"
echo ready >&3
while read -r line <&3; do
  sh -c "$line" >/run/agent.out 2>/run/agent.err </dev/null
  echo "$? $(stat -c %s /run/agent.out) $(stat -c %s /run/agent.err)" >&3
  cat /run/agent.out /run/agent.err >&3
done
poweroff -f
