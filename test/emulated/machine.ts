/**
 * A machine of its own kernel: qemu, without any help from the processor, so it runs everywhere where a program can.
 *
 * Its clock counts executed instructions, one a nanosecond, and leaps to the next timer when there is nothing to do
 * (`-icount shift=0,sleep=off`). Times in it are those of a processor of 1 GHz that does one thing in each cycle, however
 * busy the machine outside is; and a count of instructions is a difference of two readings of the clock.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { Disposer } from '../lab/disposer.ts'
import { labName, labPaths } from '../lab/names.ts'
import { emulatedPatienceMs } from '../lab/patience.ts'
import { projectFolder } from './paths.ts'
import { projectDisk } from './project-disk.ts'
import { type RootDisk, type RootKind, rootDisk } from './root-disk.ts'

export interface EmulatedMachine {
  /**
   * Runs a command line of sh(1) as root, one at a time, and gives what it printed. In between the clock runs wildly, so
   * whatever has to do with time belongs into one command. Throws when it ends with another code than 0.
   */
  readonly run: (line: string) => Promise<string>
}

export interface MachineOptions {
  readonly megabytes?: number
  /** The root, and with it the kernel; absent: trixie's for clouds. */
  readonly root?: RootKind
  /** systemd is the first process and starts what Debian enables; otherwise there is nothing but the kernel and what is run. */
  readonly isBooted?: boolean
  readonly progress: (line: string) => void
}

const program = '/usr/bin/qemu-system-x86_64'

/**
 * For describe.skipIf: true where there is no emulator, which is told loudly. Throws in CI, where these tests are relied
 * on.
 */
export function lacksEmulator(): boolean {
  const missing = [program, '/usr/sbin/mke2fs', '/usr/bin/mmdebstrap'].find((path) => !existsSync(path))
  if (missing === undefined) return false
  const message = `tests in an emulated machine need ${missing} (Debian packages: test/lab/debian-packages)`
  if (process.env['CI']) throw new Error(message)
  process.stderr.write(`\n*** SKIPPED: ${message} ***\n\n`)
  return true
}

/** Boots it: 12 s, more while others work. */
export async function bootEmulated(undo: Disposer, options: MachineOptions): Promise<EmulatedMachine> {
  const root = await rootDisk(options.root ?? 'cloud', options.progress)
  const project = await projectDisk()
  const folder = `${labPaths.machines}/${labName('emulated')}`
  mkdirSync(folder, { recursive: true })
  undo.defer(folder, async () => rmSync(folder, { recursive: true, force: true }))
  const log = `${folder}/console`
  const child = spawn(program, argumentsFor(root, project, log, options), {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  undo.defer('the emulated machine', () => {
    child.kill('SIGKILL')
    return ended
  })
  const read = reader(child, () => {
    const text = readFileSync(log, 'utf8')
    return text.slice(-5000)
  })
  await read.line(emulatedPatienceMs)
  return {
    run: async (line) => {
      child.stdin?.write(`${line.replaceAll('\n', ' ')}\n`)
      const [code = 0, outBytes = 0, errBytes = 0] = (await read.line(emulatedPatienceMs)).split(' ').map(Number)
      const output = await read.bytes(outBytes, emulatedPatienceMs)
      const errors = await read.bytes(errBytes, emulatedPatienceMs)
      if (code !== 0) throw new Error(`${line}: exit code ${code}\n${output.slice(-4000)}\n${errors.slice(-4000)}`)
      return output
    },
  }
}

function argumentsFor(
  { disk, kernel, initramfs }: RootDisk,
  project: string,
  log: string,
  { megabytes = 1536, isBooted = false }: MachineOptions,
): readonly string[] {
  // Disks in the memory: reading one takes no time. While all wait for a real disk, the clock would leap from timer to
  // timer. Private, so that what is written goes with the machine.
  const memory = (id: string, file: string) => [
    ...['-object', `memory-backend-file,id=${id},share=off,mem-path=${file},size=${statSync(file).size}`],
    ...['-device', `nvdimm,memdev=${id}`],
  ]
  return [
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

const agent = `/bin/sh ${projectFolder}/test/emulated/programs/agent.sh`

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

/** Reads what the machine says, line by line or by length. Throws when it is late or the machine has ended. */
function reader(child: ChildProcess, lastWords: () => string) {
  let buffer = Buffer.alloc(0)
  let over = false
  let wake = () => {}
  child.stdout?.on('data', (data: Buffer) => {
    buffer = Buffer.concat([buffer, data])
    wake()
  })
  let errors = ''
  child.stderr?.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-2000)
  })
  child.once('close', () => {
    over = true
    wake()
  })

  /** Takes so many bytes off the buffer once `length` says how many there are to be had; -1 means not yet. */
  async function take(length: () => number, timeoutMs: number): Promise<Buffer> {
    const deadline = Date.now() + timeoutMs
    for (let found = length(); ; found = length()) {
      if (found >= 0) {
        const taken = buffer.subarray(0, found)
        buffer = buffer.subarray(found)
        return taken
      }
      const left = deadline - Date.now()
      if (over || left <= 0) {
        const why = over ? 'it has ended' : `nothing for ${timeoutMs} ms`
        throw new Error(`waiting for the emulated machine: ${why}\n${errors}\n${lastWords()}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  return {
    line: async (timeoutMs: number) => (await take(() => buffer.indexOf('\n') + 1 || -1, timeoutMs)).toString().trim(),
    bytes: async (count: number, timeoutMs: number) =>
      (await take(() => (buffer.length >= count ? count : -1), timeoutMs)).toString(),
  }
}
