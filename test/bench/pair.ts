/** Two routers as one in network namespaces: `npm run pair`. Root. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { buildDeb, builtDeb } from '../lab/deb.ts'
import { packNextVersion } from '../lab/next-version.ts'
import {
  allCases,
  machineCases,
  manyCases,
  oneAddressCases,
  oneLeaseCases,
  play,
  rollingUpgrade,
  twoLeasesCases,
} from '../lab/pair/cases.ts'
import { pairLab } from '../lab/pair/lab.ts'
import { bundle } from '../lab/program.ts'
import type { Chapter } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { type PairResults, type PairSample, pairSection } from './pair-section.ts'

const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 1)

const shared = { keepalived: 'keepalived.conf', conntrackd: 'conntrackd.conf' }
const leases = { keepalived: 'keepalived-two-leases.conf', conntrackd: null }

/** Of booted Debians, the package that they have first: another version's, or the one that is built. */
const before = process.env['IFBALANCE_OLD_DEB']
const debians = {
  a: { release: 'trixie', ...(before && { deb: before }) },
  b: { release: 'bookworm', ...(before && { deb: before }) },
} as const

/** All, or those that IFBALANCE_PAIR names. */
const wanted = process.env['IFBALANCE_PAIR']?.split(',')

const variants = [
  { kind: 'own and shared', ifbalance: 'ifbalance.conf', addresses: 'static', cases: allCases, ...shared },
  {
    kind: 'shared only',
    ifbalance: 'ifbalance-one-address.conf',
    addresses: 'none',
    cases: oneAddressCases,
    ...shared,
  },
  { kind: 'many', ifbalance: 'ifbalance.conf', addresses: 'static', cases: manyCases, ...shared },
  { kind: 'two leases', ifbalance: 'ifbalance-two-leases.conf', addresses: 'static', cases: twoLeasesCases, ...leases },
  {
    kind: 'one lease',
    ifbalance: 'ifbalance-one-lease.conf',
    keepalived: 'keepalived-one-lease.conf',
    conntrackd: 'conntrackd.conf',
    addresses: 'examples',
    networkd: ['wan1.netdev', 'wan2.netdev', 'eth1.network', 'eth2.network', 'wan.network'].map(
      (name) => `one-lease-${name}`,
    ),
    devices: { wan1: 'eth1', wan2: 'eth2' },
    releases: debians,
    cases: oneLeaseCases,
  },
  {
    kind: 'two leases of Debians',
    ifbalance: 'ifbalance-two-leases.conf',
    addresses: 'dhcp',
    releases: debians,
    cases: twoLeasesCases,
    ...leases,
  },
  { kind: 'Debian 13 and 12', ifbalance: 'ifbalance.conf', addresses: 'static', releases: debians, ...shared },
] as const

export const pair: Chapter<PairResults> = {
  name: 'pair',
  section: pairSection,
  measure: async (progress, former) => {
    mkdirSync(dirname(bundle), { recursive: true })
    await bundleSources(bundle)
    const samples: PairSample[] = []
    for (let round = 0; round < rounds; round++)
      for (const one of variants.filter(({ kind }) => wanted?.includes(kind) ?? true)) {
        const { kind, ...variant } = one
        const releases = 'releases' in one ? one.releases : undefined
        const cases = 'cases' in one ? one.cases : [rollingUpgrade(await nextDeb()), ...machineCases]
        const lab = await pairLab(variant, releases)
        try {
          for (const one of cases) {
            const { byKind, ...result } = await play(one, lab)
            const sample = {
              addresses: kind,
              name: one.name,
              limitMs: one.limitMs,
              wantedChanges: one.changes,
              ...result,
            }
            progress(JSON.stringify({ ...sample, byKind }))
            samples.push(sample)
          }
        } finally {
          await lab.dispose()
        }
      }
    const now: ReadonlySet<string> = new Set(samples.map(({ addresses }) => addresses))
    const kept = former?.samples.filter(({ addresses }) => !now.has(addresses)) ?? []
    const notes = Object.fromEntries(Object.entries(former?.notes ?? {}).filter(([kind]) => !now.has(kind)))
    return { on: machineFacts(), samples: [...kept, ...samples], notes }
  },
}

/** What routers are upgraded to. */
async function nextDeb(): Promise<string> {
  await buildDeb()
  if (before) return builtDeb()
  const file = `/tmp/ifbalance-next-${process.pid}.deb`
  await packNextVersion(builtDeb(), file)
  return file
}
