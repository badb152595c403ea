/** `npm run demo`: a Debian between two internet providers learns to use both, loses one and gets it back, live. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { monotonicMs } from './command.ts'
import { buildDeb } from './deb.ts'
import { createLab, type Lab, missingForLab } from './lab.ts'
import { addresses } from './names.ts'
import { longPatienceMs } from './patience.ts'
import { binomialBounds } from './shares.ts'
import { bar, heading, paint, say, step } from './terminal.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, type Stream, stream } from './traffic.ts'

const peers = [addresses.publicOf(1), addresses.publicOf(2)] as const
const everyMs = 10
const lineMs = 500

const isOf = (peer: string) => (attempt: Attempt) => 'peer' in attempt && attempt.peer === peer

async function demo(): Promise<boolean> {
  const missing = await missingForLab()
  if (missing !== null) throw new Error(missing)

  heading('Setting up, inside this machine: one Debian 13, two internet providers with DHCP, one internet')
  const deb = await step('building the package, if it is not built yet', buildDeb)
  const lab = await step('preparing the Debian root, the networks and the machine', () =>
    createLab({ release: 'trixie', stack: 'networkd', progress: (line) => say(`  ${line}`) }),
  )
  try {
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(deb, `${lab.machine.root}/srv/${basename(deb)}`)
    await step('booting it: systemd-networkd, DHCP on wan1 and wan2', () => lab.boot())
    return await show(lab, basename(deb))
  } finally {
    heading('Clearing up')
    await step('removing the machine and the networks', () => lab.dispose())
  }
}

async function show(lab: Lab, deb: string): Promise<boolean> {
  const { host, isps } = lab.network
  const truths: Truth[] = []

  heading('1. As Debian does it: two uplinks are up, and one of them carries everything')
  const alone = await stream(host, everyMs)
  await watch(alone, 2000)
  const used = Object.keys(countByPeer(await alone.stop()))
  truths.push({ claim: 'before: one uplink carried everything', holds: used.length === 1 })

  heading(`2. dpkg -i ${deb}, and nothing else`)
  await step('installing', () => lab.machine.exec(['/usr/bin/dpkg', '-i', `/srv/${deb}`]))
  const flow = await stream(host, everyMs)
  await watch(flow, 4000)
  const shared = countByPeer(flow.attempts)
  truths.push({
    claim: 'installed: both uplinks carry, half and half',
    holds: peers.every((peer) => isHalf(shared[peer] ?? 0, flow.attempts.length)),
  })

  heading("3. wan2's cable is pulled at the provider's end")
  const cut = monotonicMs()
  await isps[1].setCarrier(false)
  await watch(flow, 4000)
  const plugged = monotonicMs()
  const afterwards = flow.attempts.filter(({ at }) => at >= cut && at < plugged)
  const moved = msUntilAllGood(afterwards, cut, isOf(peers[0]))
  truths.push({ claim: `cut: all new connections on wan1 after ${moved.toFixed(0)} ms`, holds: moved < 1500 })

  heading('4. The cable is back')
  await isps[1].setCarrier(true)
  const back = flow.until((attempt) => attempt.at >= plugged && isOf(peers[1])(attempt), longPatienceMs)
  const returned = await Promise.race([back, watch(flow, longPatienceMs + 1000, back)]).catch(() => null)
  await watch(flow, 3000)
  const seconds = returned ? ((returned.at - plugged) / 1000).toFixed(1) : '?'
  truths.push({ claim: `back: wan2 carries again after ${seconds} s, its DHCP included`, holds: returned !== null })

  const lost = (await flow.stop()).filter((attempt) => 'error' in attempt)
  say(`  ${flow.attempts.length} connections in all, ${lost.length} failed`)

  heading('5. ifbalance status')
  const { stdout } = await lab.machine.exec(['/usr/sbin/ifbalance', 'status'])
  for (const line of stdout.trimEnd().split('\n')) say(`  ${line}`)
  const forLan = countByPeer(await connections(lab.network.lan, 100))
  const lanShare = peers.map((peer, i) => `wan${i + 1} ${forLan[peer] ?? 0}`).join(', ')
  say()
  say(`  100 connections from a computer in the LAN behind it: ${lanShare}`)
  truths.push({ claim: 'the LAN is balanced, too', holds: peers.every((peer) => isHalf(forLan[peer] ?? 0, 100)) })

  heading('What was shown')
  for (const { claim, holds } of truths) say(`  ${holds ? paint('green', 'yes') : paint('red', 'NO ')}  ${claim}`)
  return truths.every(({ holds }) => holds)
}

function isHalf(some: number, all: number): boolean {
  const { least, most } = binomialBounds(all, 0.5)
  return some >= least && some <= most
}

interface Truth {
  readonly claim: string
  readonly holds: boolean
}

/** Prints a line with bars for every half second of connections, for `ms`, or until `earlier` comes true. */
async function watch(flow: Stream, ms: number, earlier?: Promise<unknown>): Promise<null> {
  const ended = monotonicMs() + ms
  let over = false
  void earlier?.then(
    () => {
      over = true
    },
    () => {
      over = true
    },
  )
  let shown = flow.attempts.length
  while (!over && monotonicMs() < ended - 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(lineMs, ended - monotonicMs())))
    const fresh = flow.attempts.slice(shown)
    shown += fresh.length
    say(lineOf(fresh))
  }
  return null
}

function lineOf(attempts: readonly Attempt[]): string {
  const counts = countByPeer(attempts)
  const full = lineMs / everyMs
  const parts = peers.map((peer, i) => {
    const count = counts[peer] ?? 0
    return `wan${i + 1} ${paint(i === 0 ? 'cyan' : 'yellow', bar(count, full, 25))} ${String(count).padStart(3)}`
  })
  const failed = attempts.filter((attempt) => 'error' in attempt).length
  return `  ${parts.join('   ')}${failed > 0 ? paint('red', `   failed ${failed}`) : ''}`
}

try {
  process.exitCode = (await demo()) ? 0 : 1
} catch (error) {
  say(paint('red', `demo: ${error instanceof Error ? error.message : error}`))
  process.exitCode = 1
}
