/** What failures of a line cost tunnels, as a section of docs/benchmarks.md. Pure. */
import type { TunnelResult } from '../lab/tunnels/play.ts'
import type { Section } from './chapter.ts'
import { table } from './table.ts'

export interface TunnelsResults {
  /** The machine. */
  readonly on: string
  readonly samples: readonly TunnelResult[]
  /** What could not be measured, and how that ended. */
  readonly failed: readonly { readonly tunnel: string; readonly error: string }[]
}

export function tunnelsSection({ on, samples, failed }: TunnelsResults): Section {
  const seconds = (ms: number | null, otherwise: string) => (ms === null ? otherwise : (ms / 1000).toFixed(1))
  const rows = samples.map(({ tunnel, ours, blackhole, mended, carrier, back, backSilence }) => [
    tunnel,
    ours ? 'yes' : 'no',
    blackhole === null
      ? `as long as the line is dead, and ${seconds(mended, 'more than 180')}`
      : seconds(blackhole, ''),
    seconds(carrier, back === null ? 'not tried' : 'more than 180'),
    seconds(back, ours ? 'stays' : 'not within 60'),
    seconds(backSilence, ''),
  ])
  const head = ['tunnel', 'ifbalance', 'dead line', 'lost carrier', 'back on the better line after', 'silent meanwhile']
  const markdown = `## Tunnels of the host

\`npm run tunnels\`: OpenVPN and SSH on ${on}, of Debian 12, in network namespaces; WireGuard, IKEv2 and L2TP on Debian 13's kernel, emulated, in its
own seconds. Two lines, the second one standby; what is inside of the tunnel is pinged five times a second. Silence in seconds, from ifbalance's
verdict, which takes up to a second; without it, from the fault. At a lost carrier the line's address is taken away, as a network manager
does. A dead line is mended after 30 seconds where nobody does anything about it. What stays on the second line does so until its connections
are closed by \`failback = kill\`, or end.

${table(head, rows)}
${failed.length > 0 ? `\nNot measured:\n\n${[...new Set(failed.map(({ tunnel, error }) => `- ${tunnel}: ${error}`))].join('\n')}\n` : ''}`
  return { markdown, plots: new Map() }
}
