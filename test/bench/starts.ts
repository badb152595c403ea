/** What a start of the program and of a hook costs, in instructions. */
import { bootEmulated } from '../emulated/machine.ts'
import { projectFolder } from '../emulated/paths.ts'
import { disposer } from '../lab/disposer.ts'
import type { Chapter } from './chapter.ts'
import { table } from './table.ts'

const rows = {
  perl: ['perl, which loads its module for sockets', null],
  empty: ['Node.js, an empty file', null],
  version: ['`ifbalance --version`', null],
  daemon: ['a hook, the daemon runs', 150],
  program: ["pppd's hook, the daemon runs", null],
  alone: ['a hook, no daemon', 450],
} as const satisfies Readonly<Record<string, readonly [title: string, atMost: number | null]>>

interface Starts {
  /** Release of the emulated machine's. */
  readonly kernel: string
  /** Millions of instructions. */
  readonly prices: Readonly<Record<keyof typeof rows, number>>
}

export const starts: Chapter<Starts> = {
  name: 'starts',
  measure: async (progress) => {
    const undo = disposer()
    try {
      const machine = await bootEmulated(undo, { progress })
      const kernel = (await machine.run('uname -r')).trim()
      const script = `${projectFolder}/test/bench/programs/starts.js`
      return { kernel, prices: JSON.parse(await machine.run(`${projectFolder}/node ${script}`)) }
    } finally {
      await undo.dispose()
    }
  },
  section: ({ kernel, prices }) => ({
    markdown: `## What a start costs

On Debian's kernel (${kernel}), emulated, whose clock counts instructions: \`npm run bench -- starts\`. Millions of instructions of the program and of
those that it runs, with two uplinks and nothing to change; the daemon's own round is not among them.

${table(
  ['what', 'million instructions', 'at most'],
  Object.entries(rows).map(([name, [title, atMost]]) => [
    title,
    String(prices[name as keyof typeof rows]),
    String(atMost ?? '-'),
  ]),
)}

Beside the daemon a hook is a shell and perl, whose modules for sockets are most of it: \`hooks/tell\` hands the environment over as it is, and
the daemon reads it. pppd's hook starts the program, as it reads what root alone may.

Without a daemon, a hook is a round. Of its 816 million, 80 are the six programs that it runs (nft takes 30 twice, ip 5 three times), 114 the empty
runtime, 78 the bundle's bytecode, which is read as a whole whatever is run of it; by a profile, a fifth goes to Node's own modules
(half of it to \`node:crypto\`), which it compiles anew as its cache is for other flags, a tenth to starting the six, and a tenth to memory. All run
without a compiler (\`--jitless\`), as the daemon's size and the sandbox want it. A snapshot of the started program took 398 million where an earlier
version without it took 684; it is not the same from build to build, and Node.js says that \`node:child_process\` is not fully verified in one.
So the limit is not reached. Hooks without a daemon are those of an early boot.
`,
    plots: new Map(),
  }),
}
