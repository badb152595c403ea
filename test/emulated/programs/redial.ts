/** A provider ends its session, and whoever keeps the line dials anew. */
import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { command } from '../../lab/command.ts'
import { addressOf, disconnect, far, pause, type Status, status, unanswered, until, untilCarriers } from './ppp-lab.ts'

/** Begins connections all the time, until `stop` gives when each one that failed began, and which were still silent after a second. */
function keepConnecting(): { readonly stop: () => readonly number[] } {
  const failed: number[] = []
  let over = false
  // This kernel takes one line for all that goes to one port.
  let port = 1024
  const begin = () => {
    if (over) return
    const at = performance.now()
    const socket = connect({ host: far, port: port++ })
    const silent = setTimeout(() => {
      failed.push(at)
      socket.destroy()
    }, 1000)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(silent)
      if (error.code !== 'ECONNREFUSED') failed.push(at)
    })
    setTimeout(begin, 40)
  }
  begin()
  return {
    stop: () => {
      over = true
      return failed
    },
  }
}

/** When a device goes, by the same clock. */
async function whenGone(device: string): Promise<number> {
  while (existsSync(`/sys/class/net/${device}`)) await pause(5)
  return performance.now()
}

interface Held {
  /** '' until it has ended. */
  readonly error: () => string
}

/** A connection of the host's that hangs in the middle of nowhere. */
function hold(device: string, address: string): Held {
  const code = `require('net').connect({host:'${unanswered}',port:9,localAddress:'${address}'}).on('error',e=>console.log(e.code))`
  const file = `/run/held-${device}`
  spawn(process.execPath, ['-e', code], { stdio: ['ignore', openSync(file, 'w'), 'ignore'] }).unref()
  return { error: () => readFileSync(file, 'utf8').trim() }
}

async function connecting(address: string): Promise<boolean> {
  return (await command(['/usr/bin/ss', '-Hnt', 'state', 'syn-sent', 'src', address])).stdout.trim() !== ''
}

export interface Redialled {
  readonly seen: {
    /** How many ms after the device was gone a connection began that failed. */
    readonly failing: number
    /** What became of a connection with the former address, and of one by the other line. */
    readonly stuck: string
    readonly other: string
    /** Whether both have the numbers that they had. */
    readonly same: boolean
  }
  readonly other: Held
}

/** The provider of one of two lines ends its session; the next one has another address. */
export async function redialled(device: string, provider: number, kept: string): Promise<Redialled> {
  const both = [device, kept].sort().join(' ')
  const [address, former] = [await addressOf(kept), await addressOf(device)]
  const [other, stuck] = [hold(kept, address), hold(device, former)]
  await until('both connect', async () => (await connecting(address)) && (await connecting(former)))
  const before = (await status()).uplinks
  const trials = keepConnecting()
  await disconnect(provider)
  const gone = await whenGone(device)
  await untilCarriers(kept)
  await until('another address', async () => ![former, ''].includes(await addressOf(device)), {
    timeoutMs: 60_000,
  })
  await untilCarriers(both)
  await until('the former address is told to its connection', async () => stuck.error() !== '')
  await pause(1100)
  const late = trials.stop().filter((at) => at > gone)
  const failing = Math.max(0, ...late.map((at) => at - gone))
  const same = numbers(before) === numbers((await status()).uplinks)
  return { seen: { failing, stuck: stuck.error(), other: other.error(), same }, other }
}

function numbers(uplinks: readonly Status[]): string {
  return uplinks.map(({ interface: device, number }) => `${device} ${number}`).join()
}
