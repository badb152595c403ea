/**
 * Breaks the second of two uplinks of a booted Debian 12 again and again, and watches connections and flows from its LAN.
 * Argument: a FailoverPlan as JSON. Prints a FaultResult as JSON for each fault.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { blackhole, mend } from '../../kernel/health-lab.ts'
import { inNamespace, monotonicMs, start, waitForLine } from '../../lab/command.ts'
import { builtDeb } from '../../lab/deb.ts'
import { createLab } from '../../lab/lab.ts'
import { addresses, ports } from '../../lab/names.ts'
import { packNextVersion } from '../../lab/next-version.ts'
import { type Attempt, connections, countByPeer, msUntilAllGood, stream } from '../../lab/traffic.ts'
import { equip, packages, script } from '../contenders.ts'
import type { FailoverPlan, Fault, FaultResult, Flow, Round } from '../failover-results.ts'

const { who, faults, rounds }: FailoverPlan = JSON.parse(process.argv[2] ?? '{}')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const two = addresses.publicOf(2)
const isGood = (attempt: Attempt) => 'peer' in attempt
/** Long enough for each to have done what it will do; lsm waits for seven pings of a second each. */
const boundMs = { carrier: 4000, blackhole: who === 'shorewall' ? 20_000 : 5000, lease: 4000, upgrade: 4000 } as const
const backBoundMs = 6000
const flowsPlan = { host: addresses.server, port: ports.echo, count: 8, everyMs: 20 }

const lab = await createLab({
  release: 'bookworm',
  stack: 'networkd',
  packages,
  progress: (line) => process.stderr.write(`${line}\n`),
})
const { machine, network } = lab
const [, isp] = network.isps
const exec = (...argv: readonly string[]) => machine.exec(argv)
let gateway = 1

async function watch(fault: Fault): Promise<readonly Round[]> {
  const seen: Round[] = []
  for (let number = 0; number < rounds; number++) {
    await renew()
    seen.push(await round(fault))
    process.stderr.write(`${who}, ${fault}: ${JSON.stringify(seen.at(-1))}\n`)
  }
  return seen
}

async function round(fault: Fault): Promise<Round> {
  const flow = await stream(network.lan, 10)
  const flows = await start(inNamespace(network.lan, flowsArgv()))
  const ended: Flow[] = []
  flows.onLine((line) => {
    if (line.startsWith('{')) ended.push(JSON.parse(line))
  })
  await waitForLine(flows, (line) => line === 'open')
  await pause(500)
  const prepared = await prepare[fault]()
  const begun = monotonicMs()
  await prepared()
  // What a command does shows when it has ended.
  await pause(Math.max(2500, begun + boundMs[fault] - monotonicMs()))
  const over = monotonicMs()
  await flows.stop('SIGTERM')
  const back = fault === 'upgrade' || fault === 'lease' ? null : await comesBack(fault)
  const attempts = (await flow.stop()).filter(({ at }) => at >= begun && at < over)
  const goodMs = msUntilAllGood(attempts, begun, isGood)
  const lostOf = ({ lostAt }: Flow) => lostAt.filter((at) => at >= begun && at < over).length
  const wasOnTwo = ({ peers }: Flow) => peers[0] === two
  return {
    // Bad ones to the last second: nothing has been done about it.
    goodMs: goodMs < over - begun - 1000 ? goodMs : null,
    backMs: back,
    lost: ended.filter(wasOnTwo).map(lostOf),
    lostElsewhere: ended.filter((one) => !wasOnTwo(one)).reduce((sum, one) => sum + lostOf(one), 0),
  }
}

function flowsArgv(): readonly string[] {
  const program = `${import.meta.dirname}/flows.ts`
  return [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(flowsPlan)]
}

async function comesBack(fault: 'carrier' | 'blackhole'): Promise<number | null> {
  if (fault === 'carrier') await isp.setCarrier(true)
  else await mend(network, 2)
  const mended = monotonicMs()
  const watching = await stream(network.lan, 10)
  const isBack = (attempt: Attempt) => attempt.at >= mended && 'peer' in attempt && attempt.peer === two
  const first = await watching.until(isBack, backBoundMs).catch(() => null)
  await watching.stop()
  return first && first.at - mended
}

/** What comes before the moment that counts; then what happens at that moment. */
const prepare: Readonly<Record<Fault, () => Promise<() => Promise<unknown>>>> = {
  carrier: async () => () => isp.setCarrier(false),
  blackhole: async () => () => blackhole(network, 2),
  // The provider has moved its gateway; the client asks again.
  lease: async () => {
    gateway = 3 - gateway
    await isp.moveGateway(gateway)
    return () => exec('/usr/bin/networkctl', 'renew', 'wan2')
  },
  upgrade: async () => {
    if (who === 'article') throw new Error('the article has no package')
    const { stdout } = await exec('/usr/bin/dpkg-query', '-W', '-f', '$' + '{Version}', 'ifbalance').catch(() => ({
      stdout: '',
    }))
    const package_ = stdout.endsWith('+next') ? script.deb : '/srv/next.deb'
    return () => (who === 'shorewall' ? exec('/usr/sbin/shorewall', 'reload') : exec('/usr/bin/dpkg', '-i', package_))
  },
}

/** Everything as it was, without memory of the round before; returns when both uplinks carry. */
async function renew(): Promise<void> {
  await lab.waitOnline(['wan1', 'wan2'])
  if (gateway !== 1 && who !== 'ifbalance') {
    gateway = 1
    await isp.moveGateway(1)
    await exec('/usr/bin/networkctl', 'renew', 'wan2')
  }
  switch (who) {
    case 'article':
      await machine.exec([script.article, 'stop'], { accept: [0, 1, 2] })
      await exec(script.article, 'start')
      break
    case 'shorewall':
      await machine.exec(['/usr/bin/systemctl', 'stop', 'lsm'], { accept: [0, 5] })
      await exec('/usr/sbin/shorewall', 'restart')
      await exec('/usr/bin/systemctl', 'start', 'lsm')
      // Its first pings.
      await pause(2500)
      break
    case 'ifbalance':
      await exec('/usr/bin/systemctl', 'stop', 'ifbalance')
      await exec('/usr/bin/rm', '-f', '/run/ifbalance/health.json')
      await exec('/usr/bin/systemctl', 'start', 'ifbalance')
      await until('both lines are judged', async () => {
        const file = await machine.exec(['/usr/bin/cat', '/run/ifbalance/health.json'], { accept: [0, 1] })
        return file.stdout.match(/"state":"online"/g)?.length === 2
      })
  }
  await until('both uplinks carry', async () => {
    const counts = countByPeer(await connections(network.lan, 20, { timeoutMs: 500 }))
    const [one = 0, other = 0] = [counts[addresses.publicOf(1)], counts[two]]
    return one > 0 && other > 0 && one + other === 20
  })
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = monotonicMs() + 30_000
  while (!(await isSo())) {
    if (monotonicMs() > deadline) throw new Error(`${who}: never so: ${what}`)
    await pause(50)
  }
}

try {
  const deb = builtDeb()
  equip(machine, deb)
  if (who === 'ifbalance') await packNextVersion(deb, `${machine.root}/srv/next.deb`)
  // Shorewall wants no default route in main; without the second, one pair of hosts would always use one uplink.
  if (who === 'shorewall') {
    mkdirSync(`${machine.root}/etc/systemd/network/10-wan.network.d`)
    writeFileSync(`${machine.root}/etc/systemd/network/10-wan.network.d/own.conf`, '[DHCPv4]\nUseGateway=no\n')
    writeFileSync(`${machine.root}/etc/sysctl.d/95-hash.conf`, 'net.ipv4.fib_multipath_hash_policy = 1\n')
  }
  await lab.boot()
  if (who === 'ifbalance') await exec('/usr/bin/dpkg', '-i', script.deb)
  for (const fault of faults) {
    const result: FaultResult = { who, fault, boundMs: boundMs[fault], rounds: await watch(fault) }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  }
} finally {
  await lab.dispose()
}
