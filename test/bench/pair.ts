/** Two routers as one in network namespaces: `npm run pair`. Root. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { allCases, oneAddressCases, play, twoLeasesCases } from '../lab/pair/cases.ts'
import { pairLab } from '../lab/pair/lab.ts'
import { bundle } from '../lab/program.ts'
import type { Chapter } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { type PairResults, type PairSample, pairSection } from './pair-section.ts'

const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 1)

const shared = { keepalived: 'keepalived.conf', conntrackd: 'conntrackd.conf' }
const leases = { keepalived: 'keepalived-two-leases.conf', conntrackd: null }

const variants = [
  { addresses: 'own and shared', ifbalance: 'ifbalance.conf', own: true, cases: allCases, ...shared },
  { addresses: 'shared only', ifbalance: 'ifbalance-one-address.conf', own: false, cases: oneAddressCases, ...shared },
  { addresses: 'two leases', ifbalance: 'ifbalance-two-leases.conf', own: true, cases: twoLeasesCases, ...leases },
] as const

export const pair: Chapter<PairResults> = {
  name: 'pair',
  section: pairSection,
  measure: async (progress) => {
    mkdirSync(dirname(bundle), { recursive: true })
    await bundleSources(bundle)
    const samples: PairSample[] = []
    for (let round = 0; round < rounds; round++)
      for (const { addresses, cases, ...variant } of variants) {
        const lab = await pairLab(variant)
        try {
          for (const one of cases) {
            const { byKind: _, ...result } = await play(one, lab)
            const sample = { addresses, name: one.name, limitMs: one.limitMs, wantedChanges: one.changes, ...result }
            progress(JSON.stringify(sample))
            samples.push(sample)
          }
        } finally {
          await lab.dispose()
        }
      }
    return { on: machineFacts(), samples }
  },
}
