/**
 * Where our rules, routes and marks were before the configuration moved them: what is left there is ours, and goes.
 * Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Layout } from '../../../layout.ts'
import { defaultLayout, inOurBlock, isOurTable, markOf, marks, protocols } from '../../../layout.ts'
import type { Route, Rule } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { State } from '../../../model/state.ts'
import type { Step } from '../../../model/step.ts'
import { hex } from '../../../values/hex.ts'
import { ourRoutes } from './our-routes.ts'

/** The layouts that the state has. The default one is not noted down while it is the only one. */
function rememberedLayouts({ uplinks, layouts }: State): readonly Layout[] {
  return layouts ?? (Object.keys(uplinks).length > 0 ? [defaultLayout] : [])
}

/** All layouts: `current` first, then those that earlier runs have left something of. */
export function allLayouts(current: Layout, { state }: Observed): readonly Layout[] {
  return [current, ...rememberedLayouts(state).filter((layout) => !isDeepStrictEqual(layout, current))]
}

/** Whether the route is in a table of ours, whoever put it there: no uplink is found by it. */
export function isInOurTables({ table }: Route, layout: Layout, observed: Observed): boolean {
  return allLayouts(layout, observed).some((one) => isOurTable(table, one))
}

/**
 * The layouts to remember: the current one, and former ones until nothing of them is left. Null: nothing needs to be
 * remembered.
 */
export function layoutsToRemember(current: Layout | null, observed: Observed): readonly Layout[] | null {
  const former = rememberedLayouts(observed.state).filter(
    (layout) => !isDeepStrictEqual(layout, current) && isLeft(layout, current, observed),
  )
  const layouts = current ? [current, ...former] : former
  return layouts.length === 0 || isDeepStrictEqual(layouts, [defaultLayout]) ? null : layouts
}

/** Whether anything is left of the former layout that would be another thing in the current one. */
function isLeft(former: Layout, current: Layout | null, observed: Observed): boolean {
  const { rules, routes } = observed
  const isTable = (table: number) => isOurTable(table, former) && !(current && isOurTable(table, current))
  const isBlock = (priority: number) => inOurBlock(priority, former) && !(current && inOurBlock(priority, current))
  const { pinned, numberMask } = marks(former)
  const hasMarks = ({ spec }: Rule) => [pinned, numberMask].some((mask) => spec.includes(`/${hex(mask)} `))
  const sameMarks = current?.markShift === former.markShift
  return (
    routes.filter(ourRoutes([former], observed)).some(({ table }) => isTable(table)) ||
    rules
      .filter(({ protocol }) => protocol === protocols.rule)
      .some((rule) => {
        const ours = inOurBlock(rule.priority, former) || (current && inOurBlock(rule.priority, current))
        return isBlock(rule.priority) || (ours && !sameMarks && hasMarks(rule))
      })
  )
}

/**
 * Steps that end connections whose marks mean nothing any more: they would leave by any uplink, with the address of
 * one.
 */
export function connectionsOfFormerMarks(current: Layout, observed: Observed): readonly Step[] {
  const former = allLayouts(current, observed).filter(
    (layout) => layout.markShift !== current.markShift && isLeft(layout, current, observed),
  )
  return former.flatMap((layout) => {
    const { pinned, incoming, numberMask } = marks(layout)
    return Object.entries(observed.state.uplinks).flatMap(([uplink, { number }]) =>
      [pinned, incoming, pinned | incoming].map((flag) => ({
        kind: 'forget-connections' as const,
        uplink,
        mark: (markOf(number, layout) | flag) >>> 0,
        mask: (numberMask | pinned | incoming) >>> 0,
      })),
    )
  })
}
