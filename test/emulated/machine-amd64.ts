/**
 * The machine of most emulated tests, of this processor's kind.
 *
 * Its clock counts executed instructions, one a nanosecond, and leaps to the next timer when there is nothing to do
 * (`-icount shift=0,sleep=off`). Times in it are those of a processor of 1 GHz that does one thing in each cycle, however
 * busy the machine outside is; and a count of instructions is a difference of two readings of the clock.
 */
import { statSync } from 'node:fs'
import { agent, projectFolder } from './paths.ts'
import { projectDisk } from './project-disk.ts'
import { type RootKind, rootDisk } from './root-disk.ts'

interface Amd64Options {
  readonly root: RootKind
  readonly megabytes: number | undefined
  readonly isBooted: boolean | undefined
  readonly progress: (line: string) => void
}

export const amd64Program = '/usr/bin/qemu-system-x86_64'

/** The emulator's command line; what the kernel prints goes into the file `log`. */
export async function amd64Argv(
  log: string,
  { root, megabytes = 1536, isBooted = false, progress }: Amd64Options,
): Promise<readonly [string, ...string[]]> {
  const { disk, kernel, initramfs } = await rootDisk(root, progress)
  const project = await projectDisk()
  // Disks in the memory: reading one takes no time. While all wait for a real disk, the clock would leap from timer to
  // timer. Private, so that what is written goes with the machine.
  const memory = (id: string, file: string) => [
    ...['-object', `memory-backend-file,id=${id},share=off,mem-path=${file},size=${statSync(file).size}`],
    ...['-device', `nvdimm,memdev=${id}`],
  ]
  return [
    amd64Program,
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-machine', 'q35,nvdimm=on'],
    ...['-cpu', 'max', '-icount', 'shift=0,sleep=off', '-m', `${megabytes},slots=2,maxmem=16G`],
    // qemu names them to the kernel in reverse: the root becomes pmem0.
    ...memory('memory1', project),
    ...memory('memory0', disk),
    ...(initramfs === null
      ? // The kernel has NVMe built in, so it needs no initramfs to begin.
        ['-drive', `file=${disk},format=raw,if=none,id=first,snapshot=on`, '-device', 'nvme,serial=first,drive=first']
      : ['-initrd', initramfs]),
    // An unready random generator would cost each random number ten thousand instructions.
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=agent,signal=off'],
    ...['-device', 'virtserialport,chardev=agent,name=agent'],
    ...['-serial', `file:${log}`],
    ...['-kernel', kernel, '-append', commandLine(initramfs === null ? 'disk' : 'initramfs', isBooted)],
  ]
}

function commandLine(start: 'disk' | 'initramfs', isBooted: boolean): string {
  const general = 'console=ttyS0 quiet panic=-1 random.trust_cpu=on'
  const options = { disk: 'root=/dev/nvme0n1 rw init=/bin/sh', initramfs: 'rdinit=/bin/sh' }
  return `${general} ${options[start]} -- -c "${firstSteps[start].join(' && ')}${isBooted ? ' boot' : ''}"`
}

/** From the disk, or the initramfs, that the kernel begins with into the disk in the memory. */
const firstSteps = {
  disk: [
    'export PATH=/usr/sbin:/usr/bin',
    'mount -t devtmpfs d /dev',
    'mount -t sysfs s /sys',
    // Linux 6.12 has the last two built in.
    'modprobe -a nfit nd_pmem virtio_pci virtio_console',
    'until [ -e /dev/pmem1 -a -e /dev/vport1p1 ]; do sleep 0.1; done',
    'mount /dev/pmem0 /mnt',
    `mkdir -p /mnt${projectFolder}`,
    `mount -o ro /dev/pmem1 /mnt${projectFolder}`,
    'umount /sys',
    'mount --move /dev /mnt/dev',
    `exec switch_root /mnt ${agent}`,
  ],
  // klibc's programs know fewer options.
  initramfs: [
    'export PATH=/usr/sbin:/usr/bin',
    'mkdir -p /dev /sys /mnt',
    'mount -t devtmpfs d /dev',
    'mount -t sysfs s /sys',
    'modprobe -a nfit nd_pmem ext4',
    'until [ -e /dev/pmem1 ]; do sleep 0.1; done',
    'mount -t ext4 /dev/pmem0 /mnt',
    `mkdir -p /mnt${projectFolder}`,
    `mount -t ext4 -o ro /dev/pmem1 /mnt${projectFolder}`,
    'umount /sys',
    'mount -o move /dev /mnt/dev',
    `exec run-init /mnt ${agent}`,
  ],
} as const
