/** A machine of its own kernel: qemu, without any help from the processor, so it runs everywhere where a program can. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { Disposer } from '../lab/disposer.ts'
import { labName, labPaths } from '../lab/names.ts'
import { emulatedPatienceMs } from '../lab/patience.ts'
import { amd64Argv, amd64Program } from './machine-amd64.ts'
import { arm64Argv, arm64Program } from './machine-arm64.ts'
import type { RootKind } from './root-disk.ts'

export interface EmulatedMachine {
  /**
   * Runs a command line of sh(1) as root, one at a time, and gives what it printed. In between the clock runs wildly, so
   * whatever has to do with time belongs into one command. Throws when it ends with another code than 0.
   */
  readonly run: (line: string) => Promise<string>
}

export interface MachineOptions {
  readonly megabytes?: number
  /** The root, and with it the kernel; absent: trixie's for clouds. That of arm64 is always booted. */
  readonly root?: RootKind | 'arm64'
  /** systemd is the first process and starts what Debian enables; otherwise there is nothing but the kernel and what is run. */
  readonly isBooted?: boolean
  readonly progress: (line: string) => void
}

const emulators = { amd64: amd64Program, arm64: arm64Program } as const

/**
 * For describe.skipIf: true where there is no emulator, which is told loudly. Throws in CI, where these tests are relied
 * on.
 */
export function lacksEmulator(architecture: keyof typeof emulators = 'amd64'): boolean {
  const missing = [emulators[architecture], '/usr/sbin/mke2fs', '/usr/bin/mmdebstrap'].find((path) => !existsSync(path))
  if (missing === undefined) return false
  const message = `tests in an emulated machine need ${missing} (Debian packages: test/lab/debian-packages)`
  if (process.env['CI']) throw new Error(message)
  process.stderr.write(`\n*** SKIPPED: ${message} ***\n\n`)
  return true
}

/** Boots it: 12 s, more while others work. */
export async function bootEmulated(undo: Disposer, options: MachineOptions): Promise<EmulatedMachine> {
  const folder = `${labPaths.machines}/${labName('emulated')}`
  mkdirSync(folder, { recursive: true })
  undo.defer(folder, async () => rmSync(folder, { recursive: true, force: true }))
  const log = `${folder}/console`
  const { root = 'cloud', progress, megabytes, isBooted } = options
  const [program, ...args] =
    root === 'arm64' ? await arm64Argv(log, progress) : await amd64Argv(log, { root, progress, megabytes, isBooted })
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
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
