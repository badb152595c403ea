/** The chapter on what the past costs the daemon at rest: with and without what keeps it, side by side. Takes seven minutes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { start } from '../lab/command.ts'
import { disposer } from '../lab/disposer.ts'
import { median } from '../lab/measurements.ts'
import type { Chapter, Section } from './chapter.ts'
import { machineFacts } from './machine-facts.ts'
import { figure, table } from './table.ts'

/** What one daemon has spent in a time, and its memory at the end. */
export interface Idle {
  readonly cpuMs: number
  readonly wallMs: number
  readonly rssBytes: number
}

interface IdleResults {
  /** The machine. */
  readonly on: string
  readonly seconds: number
  readonly kept: readonly Idle[]
  readonly notKept: readonly Idle[]
}

/** One of the five minutes after which it is written. */
const seconds = 300
/** Equal daemons differ by as much as is looked for, so one pair says little. */
const pairs = 6

/** In place of src/daemon/history.ts. */
const nothingKept = `export const keepHistory = () => ({
  update() {}, hear() {}, tell() {}, write: async () => ({ ok: true, message: '' }),
  rows: async () => [], events: async () => [], graph: async () => [], stop: async () => {},
})`

export const idle: Chapter<IdleResults> = {
  name: 'idle',
  measure: async (progress) => {
    const folder = mkdtempSync(join(tmpdir(), 'ifbalance-idle-'))
    try {
      const [kept, notKept] = [join(folder, 'kept.cjs'), join(folder, 'not-kept.cjs')]
      await bundleSources(kept)
      await bundleSources(notKept, { [join('src', 'daemon', 'history.ts')]: nothingKept })
      progress(`${pairs} pairs of daemons, side by side, for ${seconds} s`)
      // They rest nearly all the time: what else the machine does is the same for all.
      const all = Array.from({ length: pairs }, () => [measureOne(kept), measureOne(notKept)])
      const measured = await Promise.all(all.flat())
      const every = (rest: number) => measured.filter((_, index) => index % 2 === rest)
      return { on: machineFacts(), seconds, kept: every(0), notKept: every(1) }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  section: idleSection,
}

/** In a process of its own, as each lab has its names from one. */
async function measureOne(file: string): Promise<Idle> {
  const undo = disposer()
  try {
    const program = `${import.meta.dirname}/programs/idle.ts`
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, file, String(seconds)]
    const running = await start(argv)
    undo.defer('a lab', () => running.stop('SIGTERM'))
    const lines: string[] = []
    running.onLine((line) => lines.push(line))
    await running.ended
    const [line] = lines
    if (line === undefined) throw new Error(`no figures: ${running.stderr().trim()}`)
    return JSON.parse(line)
  } finally {
    await undo.dispose()
  }
}

function idleSection({ on, seconds: time, kept, notKept }: IdleResults): Section {
  const share = ({ cpuMs, wallMs }: Idle) => (cpuMs / wallMs) * 100
  const mib = ({ rssBytes }: Idle) => rssBytes / 2 ** 20
  const row = (what: string, of: (one: Idle) => number, limit: number) => {
    const [withIt, without] = [median(kept.map(of)), median(notKept.map(of))]
    const each = (all: readonly Idle[]) => all.map((one) => of(one).toFixed(3)).join(', ')
    return [what, each(kept), each(notKept), (withIt - without).toFixed(3), String(limit)]
  }
  const rows = [row('% of a core', share, 0.05), row('MiB resident', mib, 8)]
  const markdown = `## What keeping the past adds at rest

On ${on}: \`npm run bench -- idle\`. Daemons on two uplinks with both families, probed, in network namespaces, side by side, for ${figure(time)} s
from their second minute on; half of them are built without what keeps the history (a row a minute of each line, looked at each ten
seconds, written each five minutes). The difference is that of the medians.

${table(['', 'with it', 'without', 'it adds', 'at most'], rows)}
`
  return { markdown, plots: new Map() }
}
