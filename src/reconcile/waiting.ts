/**
 * Steps that wait before they are done. Whose reason has ceased meanwhile is not done, though the same has come again: that has a
 * wait of its own.
 */
import type { Step } from '../model/step.ts'

export interface Waiting<World> {
  /** Has steps wait; what is given takes them out, and says what is left of them to be done in this world (null: unknown, nothing). */
  readonly add: (steps: readonly Step[], due: Due<World>) => (world: World | null) => readonly Step[]
  /** Called with each world that is seen. */
  readonly see: (world: World) => void
}

/** The step as it is to be done in this world; no step where its reason has ceased. */
export type Due<World> = (step: Step, world: World) => readonly Step[]

export function createWaiting<World>(): Waiting<World> {
  const all = new Set<{ readonly step: Step; readonly due: Due<World> }>()
  return {
    add: (steps, due) => {
      const own = steps.map((step) => ({ step, due }))
      for (const one of own) all.add(one)
      return (world) => {
        const left = own.filter((one) => all.delete(one))
        return world === null ? [] : left.flatMap(({ step }) => due(step, world))
      }
    },
    see: (world) => {
      for (const one of all) if (one.due(one.step, world).length === 0) all.delete(one)
    },
  }
}
