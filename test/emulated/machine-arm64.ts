/**
 * A machine of another processor: Debian's own kernel for arm64, systemd, and our package for it, to be installed. Its clock
 * is the wall's, as all that is asked is whether it works.
 */

import { armPackageDisk } from './package-disk.ts'
import { agent, projectFolder } from './paths.ts'
import { armRootDisk } from './root-disk.ts'

export const arm64Program = '/usr/bin/qemu-system-aarch64'

/** The emulator's command line; what the kernel prints goes into the file `log`. */
export async function arm64Argv(
  log: string,
  progress: (line: string) => void,
): Promise<readonly [string, ...string[]]> {
  const { disk, kernel } = await armRootDisk(progress)
  const ours = await armPackageDisk()
  return [
    arm64Program,
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-machine', 'virt'],
    // Signed return addresses by another way than the processor's, which takes half of the emulator's time.
    ...['-cpu', 'max,pauth-impdef=on', '-smp', '2', '-m', '1024'],
    // The kernel has NVMe built in; of two such disks either may be the first. What is written goes with the machine.
    ...['-drive', `file=${disk},format=raw,if=none,id=root,snapshot=on`, '-device', 'nvme,serial=root,drive=root'],
    ...['-drive', `file=${ours},format=raw,if=none,id=ours,snapshot=on`, '-device', 'virtio-blk-pci,drive=ours'],
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=agent,signal=off'],
    ...['-device', 'virtserialport,chardev=agent,name=agent'],
    ...['-serial', `file:${log}`],
    ...['-kernel', kernel, '-append', commandLine()],
  ]
}

/** What nobody waits for, and takes this machine a minute; and what would use the console. */
const masked = [
  ...['systemd-hwdb-update', 'ldconfig', 'systemd-journal-catalog-update', 'systemd-logind'],
  ...['networking', 'serial-getty@ttyAMA0'],
]

/** Packages are unpacked only, so what setting them up would have made is made here. */
const firstSteps = [
  'export PATH=/usr/sbin:/usr/bin',
  `mkdir -p /proc /sys /run /tmp /root ${projectFolder}`,
  'mount -t proc p /proc',
  'mount -t sysfs s /sys',
  'mount -t devtmpfs d /dev',
  'cp /usr/share/base-passwd/passwd.master /etc/passwd',
  'cp /usr/share/base-passwd/group.master /etc/group',
  'ln -s mawk /usr/bin/awk',
  'depmod',
  'modprobe virtio_blk',
  'until [ -e /dev/vda -a -e /dev/vport*p1 ]; do sleep 0.1; done',
  `mount -o ro /dev/vda ${projectFolder}`,
  `exec ${agent} boot`,
]

function commandLine(): string {
  const masks = masked.map((unit) => `systemd.mask=${unit}.service`).join(' ')
  return `console=ttyAMA0 quiet panic=-1 root=/dev/nvme0n1 rw init=/bin/sh ${masks} -- -c "${firstSteps.join(' && ')}"`
}
