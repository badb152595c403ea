/**
 * Steps that are done later than they were found due. Whose reason has ceased meanwhile is not done, though the same has come again:
 * that is found due for itself.
 */
import type { Step } from '../model/step.ts'

export interface Waiting<World> {
  /** Has steps wait. */
  readonly add: (steps: readonly Step[], due: Due<World>) => Left<World>
  /** Called with each world that is seen. */
  readonly see: (world: World) => void
}

/** What is left of steps that wait. */
export interface Left<World> {
  /** Whether the step waits still: each world that was seen had its reason. */
  readonly has: (step: Step) => boolean
  /** Takes all out, and says what is left of them to be done in this world (null: unknown, nothing). */
  readonly take: (world: World | null) => readonly Step[]
}

/** The step as it is to be done in this world; no step where its reason has ceased. */
export type Due<World> = (step: Step, world: World) => readonly Step[]

export function createWaiting<World>(): Waiting<World> {
  const all = new Set<{ readonly step: Step; readonly due: Due<World> }>()
  return {
    add: (steps, due) => {
      const own = steps.map((step) => ({ step, due }))
      for (const one of own) all.add(one)
      return {
        has: (step) => own.some((one) => one.step === step && all.has(one)),
        take: (world) => {
          const left = own.filter((one) => all.delete(one))
          return world === null ? [] : left.flatMap(({ step }) => due(step, world))
        },
      }
    },
    see: (world) => {
      for (const one of all) if (one.due(one.step, world).length === 0) all.delete(one)
    },
  }
}
