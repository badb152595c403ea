/** A Debian booted over a throwaway overlay, in the network's host namespace. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inCgroups, machineCgroups, removeCgroup } from './cgroup.ts'
import { command, type Running, start } from './command.ts'
import type { Disposer } from './disposer.ts'
import { labName, labPaths } from './names.ts'
import type { Network } from './network.ts'
import { overlayOf } from './overlay.ts'
import { longPatienceMs, patienceMs } from './patience.ts'
import type { Options, Result } from './run.ts'

export interface Machine {
  /** Its root folder, seen from outside. */
  readonly root: string
  /** Runs a program inside. */
  exec(argv: readonly string[], options?: Options): Promise<Result>
  /** Starts a program inside that goes on. */
  start(argv: readonly string[]): Promise<Running>
  /** Boots it and waits until systemd says that everything is started. */
  boot(): Promise<void>
  /** An orderly shutdown; what is on its disk stays. */
  powerOff(): Promise<void>
  /** All of it ends at once. */
  losePower(): Promise<void>
}

export interface MachineOptions {
  /** The image's folder; never written to. */
  readonly image: string
  readonly network: Pick<Network, 'host'>
  /** Of the machine among those of this lab. */
  readonly name?: string
  /** Files by absolute path that are there before the first boot. */
  readonly files: Readonly<Record<string, string>>
  /** Text by absolute path, put at the end of files of the image before the first boot. */
  readonly appended: Readonly<Record<string, string>>
  /** Units to enable before the first boot. */
  readonly enable: readonly string[]
}

export async function createMachine(undo: Disposer, options: MachineOptions): Promise<Machine> {
  const name = options.name ?? 'machine'
  const root = await overlayOf(undo, options.image, labName(name))

  for (const [path, text] of Object.entries(options.files)) {
    mkdirSync(dirname(root + path), { recursive: true })
    writeFileSync(root + path, text, { mode: isSecret(path) ? 0o600 : 0o644 })
  }
  for (const [path, text] of Object.entries(options.appended)) appendFileSync(root + path, text)
  if (options.enable.length > 0) {
    await command(['/usr/bin/systemctl', `--root=${root}`, '--quiet', 'enable', ...options.enable])
  }

  const cgroups = machineCgroups(name)
  undo.defer('control groups', () => Promise.all(cgroups.map(removeCgroup)))
  let container: Running | null = null
  let init = 0
  undo.defer('the container', () => killContainer())

  async function killContainer(): Promise<void> {
    if (init > 0 && container?.child.exitCode === null) process.kill(init, 'SIGKILL')
    await container?.stop()
    container = null
    init = 0
  }

  const inside = (argv: readonly string[]) => [
    '/usr/bin/nsenter',
    '-t',
    String(init),
    '-m',
    '-u',
    '-i',
    '-n',
    '-p',
    '-C',
    ...argv,
  ]
  const exec = (argv: readonly string[], execOptions: Options = {}) => command(inside(argv), execOptions)

  async function boot(): Promise<void> {
    const argv = [
      '/usr/bin/systemd-nspawn',
      `--directory=${root}`,
      '--boot',
      `--machine=${labName(name)}`,
      '--register=no',
      '--keep-unit',
      '--console=pipe',
      '--capability=all',
      `--network-namespace-path=${labPaths.namespaces}/${options.network.host}`,
    ]
    await removeExport(name)
    // `network`: /proc/sys/net writable and /sys read-only; with a writable /sys networkd waits for a udev that never comes.
    container = await start(inCgroups(cgroups, argv), {
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
      SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
    })
    init = await initOf(container)
    await untilStarted(container)
  }

  /** There is no event for systemd's socket to appear from outside, so it is asked until it answers. */
  async function untilStarted(running: Running): Promise<void> {
    const deadline = Date.now() + longPatienceMs
    for (;;) {
      const { stdout, stderr } = await exec(['/usr/bin/systemctl', 'is-system-running', '--wait'], { accept: [0, 1] })
      if (/^(running|degraded)$/m.test(stdout)) return
      if (Date.now() > deadline || running.child.exitCode !== null) {
        throw new Error(`booting ${root}: ${stdout.trim()} ${stderr.trim()} ${running.stderr().trim()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  return {
    root,
    exec,
    start: (argv) => start(inside(argv)),
    boot,
    losePower: killContainer,
    powerOff: async () => {
      await exec(['/usr/bin/systemctl', 'poweroff'])
      await container?.ended
      container = null
      init = 0
    },
  }
}

/** NetworkManager and netplan take no file that others may read, as some have passwords in them. */
function isSecret(path: string): boolean {
  return /^\/etc\/(netplan|NetworkManager\/system-connections)\//.test(path)
}

/** Where nspawn shows a machine's sockets (systemd 256): it stays mounted behind one that has ended, and then none of its name starts. */
async function removeExport(name: string): Promise<void> {
  const folder = `/run/systemd/nspawn/unix-export/${labName(name)}`
  if (!existsSync(folder)) return
  await command(['/usr/bin/umount', '--lazy', folder], { accept: [0, 32] })
  rmdirSync(folder)
}

/** nspawn's grandchild is the container's pid 1; `systemd` by name once it runs the container's own init. */
async function initOf(container: Running): Promise<number> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    if (container.child.exitCode !== null) throw new Error(`starting the container: ${container.stderr().trim()}`)
    for (const pid of readText(`/proc/${container.pid}/task/${container.pid}/children`)
      .split(' ')
      .map(Number)
      .filter(Boolean)) {
      if (readText(`/proc/${pid}/comm`).trim() === 'systemd') return pid
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('starting the container: its init did not come up')
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
