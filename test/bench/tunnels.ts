/**
 * Tunnels by the daemons that people run: `npm run tunnels`. Root; an hour, most of it in an emulated machine. With
 * IFBALANCE_TUNNELS, those whose names have this text; what was measured of the others is kept.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { bootEmulated } from '../emulated/machine.ts'
import { projectFolder } from '../emulated/paths.ts'
import { healthLab } from '../kernel/health-lab.ts'
import { disposer } from '../lab/disposer.ts'
import { bundle } from '../lab/program.ts'
import { tunnels as kinds } from '../lab/tunnels/kinds.ts'
import { playTunnel, type TunnelResult } from '../lab/tunnels/play.ts'
import type { Chapter } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { type TunnelsResults, tunnelsSection } from './tunnels-section.ts'

export const tunnels: Chapter<TunnelsResults> = {
  name: 'tunnels',
  section: tunnelsSection,
  measure: async (progress, kept) => {
    const isWanted = (name: string) => name.includes(process.env['IFBALANCE_TUNNELS'] ?? '')
    mkdirSync(dirname(bundle), { recursive: true })
    await bundleSources(bundle)
    const samples: TunnelResult[] = kept?.samples.filter(({ tunnel }) => !isWanted(tunnel)) ?? []
    const failed: { readonly tunnel: string; readonly error: string }[] =
      kept?.failed.filter(({ tunnel }) => !isWanted(tunnel)) ?? []
    const undo = disposer()
    try {
      const machine = await bootEmulated(undo, { root: 'tunnels', progress })
      for (const [index, kind] of kinds.entries()) {
        if (!isWanted(kind.name)) continue
        const own: readonly (TunnelResult | (typeof failed)[number])[] = kind.isDebian
          ? JSON.parse(
              await machine.run(`${projectFolder}/node ${projectFolder}/test/emulated/programs/tunnels.js ${index}`),
            )
          : [await here(index, true), await here(index, false)]
        for (const sample of own) {
          progress(JSON.stringify(sample))
          if ('error' in sample) failed.push(sample)
          else samples.push(sample)
        }
      }
    } finally {
      await undo.dispose()
    }
    const place = ({ tunnel }: TunnelResult) => kinds.findIndex(({ name }) => name === tunnel)
    return { on: machineFacts(), samples: samples.toSorted((one, other) => place(one) - place(other)), failed }
  },
}

async function here(index: number, ours: boolean): Promise<TunnelResult> {
  const kind = kinds[index]
  if (kind === undefined) throw new Error(`there is no tunnel ${index}`)
  const lab = await healthLab()
  try {
    return await playTunnel(lab, kind, ours)
  } finally {
    await lab.dispose()
  }
}
