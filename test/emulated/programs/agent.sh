#!/bin/sh
# The emulated machine's first process: brings it up, then runs each line that it reads from the virtual serial port as a
# shell command, one after the other, and answers `EXIT BYTES BYTES`, standard output, standard error. With `boot`, it leaves
# that to a service, and its place to systemd.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root
if [ "$1" = boot ]; then
  echo 0123456789abcdef0123456789abcdef >/etc/machine-id
  unit=/etc/systemd/system/agent.service
  printf '[Service]\nExecStart=/bin/sh %s booted\nKillMode=process\n' "$0" >$unit
  mkdir -p /etc/systemd/system/multi-user.target.wants
  ln -sf $unit /etc/systemd/system/multi-user.target.wants/
  exec /usr/lib/systemd/systemd
fi
if [ "$1" != booted ]; then
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mkdir -p /dev/pts
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /tmp
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  ln -s /proc/self/fd /dev/fd
  hostname emulated
  ip link set lo up
fi
mkdir -p /run/netns

set -- /dev/vport*
exec 3<>"$1"
echo ready >&3
while read -r line <&3; do
  sh -c "$line" >/run/agent.out 2>/run/agent.err </dev/null
  echo "$? $(stat -c %s /run/agent.out) $(stat -c %s /run/agent.err)" >&3
  cat /run/agent.out /run/agent.err >&3
done
poweroff -f
