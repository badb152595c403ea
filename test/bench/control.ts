/** The chapter on the control path: what changes and commands cost. Takes five minutes. */
import type { Chapter } from './chapter.ts'
import { measureCommands } from './commands.ts'
import type { ControlResults } from './control-results.ts'
import { controlSection } from './control-section.ts'
import { machineFacts } from './machine-facts.ts'
import { measureReconcile } from './reconcile.ts'

export const control: Chapter<ControlResults> = {
  name: 'control',
  measure: async (progress) => {
    progress('reconcile with 2, 16 and 63 uplinks')
    const reconcile = await measureReconcile([2, 16, 63], 40)
    return { on: machineFacts(), reconcile, commands: await measureCommands(20, progress) }
  },
  section: controlSection,
}
