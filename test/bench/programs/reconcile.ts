/**
 * A host with so many uplinks (argument) of both families, in a network namespace of its own. For each line of standard
 * input, `nothing`, `one` or `all`, it reconciles once with so much to change, as the daemon does, and prints a Run as JSON.
 */
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { reconcile, takeDown } from '../../../src/reconcile/reconcile.ts'
import { configOf } from '../../config-of.ts'
import { ip, linksSettled, manyUplinks } from '../../kernel/world.ts'
import type { Run } from '../control-results.ts'

const uplinks = Number(process.argv[2])
const config = configOf('')
let programs = 0
subscribe('child_process', () => {
  programs++
})

let gateway = 1
const prepare = {
  nothing: async () => {},
  one: async () => {
    gateway = 4 - gateway
    const way = ['via', `10.${uplinks}.0.${gateway}`, 'dev', `wan${uplinks}`, 'metric', `100${uplinks}`]
    await ip('route', 'replace', 'default', ...way)
  },
  all: async () => void (await takeDown(config)),
} as const

await manyUplinks(uplinks)
// The far ends are the providers': this host does not have them.
await ip('netns', 'add', 'far')
for (let i = 0; i <= uplinks; i++) await ip('link', 'set', `p${i}`, 'netns', 'far')
for (let i = 0; i <= uplinks; i++) await ip('-n', 'far', 'link', 'set', `p${i}`, 'up')
await linksSettled()
await reconcile(config)
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  await prepare[line as keyof typeof prepare]()
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
}

async function measure(): Promise<Run> {
  const [begun, cpu, children] = [performance.now(), process.cpuUsage(), childrenCpuMs()]
  programs = 0
  const { applied, remaining } = await reconcile(config)
  const { user, system } = process.cpuUsage(cpu)
  return {
    ms: performance.now() - begun,
    cpuMs: (user + system) / 1000 + childrenCpuMs() - children,
    programs,
    changes: applied.length,
    left: remaining.length,
  }
}

/** Of those that have ended; in steps of 10 ms, so that only a sum of many says something. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) * 10
}
