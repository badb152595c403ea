/** What becomes of a connection that a rule takes, or that is balanced as all else. */

import { type RouteAnswer, type RouteQuery, routeOf } from '../kernel/iproute/route-get.ts'
import { balancedTable, markOf, marks, tables, uplinkTable } from '../layout.ts'
import { qualityText } from '../model/line-quality.ts'
import type { FirstPacket } from '../model/match.ts'
import { type HashField, type Mode, modeOf } from '../model/mode.ts'
import type { SteeringRule, Use } from '../model/rule.ts'
import { missedBy } from '../model/rule-uplinks.ts'
import type { Spread } from '../model/spreading.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { isGateway } from '../net/valid.ts'
import { type Choice, choiceOf } from '../reconcile/decide/steering/choice.ts'
import { slotCount } from '../reconcile/decide/steering/slots.ts'
import { weightReason } from '../status/weight-reason.ts'
import { getOwn } from '../values/get-own.ts'
import type { Facts, Outcome, RouteChoice } from './explanation.ts'
import { slotOf } from './hash.ts'
import { rejectedUplinks } from './rejected-uplinks.ts'
import { nameOf } from './rule.ts'
import { type Ways, waysOf } from './ways.ts'

/** The outcome of a connection that no rule takes. */
export function balancedOutcome(query: RouteQuery, route: RouteAnswer | string, facts: Facts): Outcome {
  const { config, desired } = facts
  const { ways, refused } = waysOf(route, query, query.mark, facts)
  const table = typeof route === 'string' ? 0 : route.table
  const bound = desired.uplinks.find(({ number }) => table === uplinkTable(number, config.layout))
  if (bound) return { decision: `its address is that of uplink ${bound.name}`, ways, refused, others: [] }
  if (![balancedTable(config.layout), tables.main].includes(table))
    return { decision: 'another policy rule sends it there', ways, refused, others: [] }
  const others = rejectedUplinks(ways, null, query, facts)
  if (typeof route !== 'string' && table !== tables.main && !route.isDefault)
    return { decision: 'a name server, asked by the uplink that named it', ways, refused, others: [] }
  if (table === tables.main) {
    const why = isGateway(query.destination, query.family) ? 'no uplink is usable' : 'it is for everyone on a link'
    return { decision: `left to table main: ${why}`, ways, refused, others }
  }
  return { decision: `balanced, mode ${config.balance.mode}${weightsText(ways, facts)}`, ways, refused, others }
}

/** The weights that were found out, of uplinks that it may take. */
function weightsText(ways: readonly RouteChoice[], { observed, desired }: Facts): string {
  const { spreading } = observed
  if (!spreading) return ''
  const known = desired.uplinks.flatMap(({ name, auto, weight }) => {
    const line = getOwn(spreading.lines, name)
    const isKnown = line && (line.down.sure !== 'unknown' || line.up.sure !== 'unknown')
    return auto && isKnown && ways.some(({ uplink }) => uplink === name)
      ? [`${name} ${weight} (${weightReason({ auto, line })})`]
      : []
  })
  return known.length === 0 ? '' : `, by weight: ${known.join(', ')}`
}

/** The outcome of a connection that the rule takes. */
export async function ruleOutcome(
  rule: SteeringRule,
  query: RouteQuery,
  packet: FirstPacket,
  route: RouteAnswer | string,
  facts: Facts,
): Promise<Outcome> {
  const { config, desired } = facts
  const present = desired.uplinks.filter(({ index }) => index !== null)
  const choice = choiceOf(rule.use, packet.side, packet.family, config, present)
  const decision = `${rule.name === '' ? '' : 'rule '}${nameOf(rule)}: ${phraseOf(choice, rule.use)}${qualityPhrase(choice, rule.use, packet.family, present)}`
  if (choice.kind === 'balance') return { ...balancedOutcome(query, route, facts), decision }
  const { ways, refused } = await waysByChoice(choice, query, packet, facts)
  const others = choice.kind === 'main' ? [] : rejectedUplinks(ways, rule.use, query, facts)
  return { decision, ways, refused, others }
}

async function waysByChoice(
  choice: Exclude<Choice, { kind: 'balance' }>,
  query: RouteQuery,
  packet: FirstPacket,
  facts: Facts,
): Promise<Ways> {
  const { layout } = facts.config
  const { incoming } = marks(layout)
  if (choice.kind === 'refuse') return { ways: [], refused: choice.as }
  if (choice.kind === 'main') return waysByMark(incoming, query, packet, facts)
  const flag = packet.side === 'local' ? incoming : 0
  const all = await Promise.all(
    partsOf(choice, query, packet).map(async ({ number, share }) => {
      const { ways, refused } = await waysByMark((markOf(number, layout) | flag) >>> 0, query, packet, facts)
      return { ways: ways.map((way) => ({ ...way, share: way.share * share })), refused }
    }),
  )
  const ways = all.flatMap((one) => one.ways)
  return { ways, refused: ways.length === 0 ? (all[0]?.refused ?? null) : null }
}

/** The ways with a mark. A socket has its address by the time that the mark is set, so the source counts. */
async function waysByMark(mark: number, query: RouteQuery, packet: FirstPacket, facts: Facts): Promise<Ways> {
  const marked = { ...query, source: packet.source, mark: (query.mark | mark) >>> 0 }
  return waysOf(await routeOf(marked), marked, marked.mark, facts)
}

/**
 * The uplinks that may be chosen, with their shares. Several may be, where a client may be remembered with any of them,
 * or the source port is still to be chosen.
 */
function partsOf(
  choice: Extract<Choice, { kind: 'uplink' | 'spread' }>,
  { sourcePort }: RouteQuery,
  packet: FirstPacket,
): readonly { readonly number: number; readonly share: number }[] {
  if (choice.kind === 'uplink') return [{ number: choice.number, share: 1 }]
  const { by, pieces, stickySeconds } = choice
  if (by !== 'random' && (!by.includes('sourcePort') || sourcePort !== null) && stickySeconds === undefined) {
    const slot = slotOf(by, packet)
    const piece = pieces.find(([first, last]) => first <= slot && slot <= last)
    return piece ? [{ number: piece[2], share: 1 }] : []
  }
  const slots = new Map<number, number>()
  for (const [first, last, number] of pieces) slots.set(number, (slots.get(number) ?? 0) + last - first + 1)
  return [...slots].map(([number, count]) => ({ number, share: count / slotCount }))
}

/** Who is taken though it misses what the rule asks for, as all do; empty where nobody is. */
function qualityPhrase(choice: Choice, use: Use, family: Family, uplinks: readonly Uplink[]): string {
  const numbers =
    choice.kind === 'uplink'
      ? [choice.number]
      : choice.kind === 'spread'
        ? choice.working.map(({ number }) => number)
        : []
  const missed = uplinks.flatMap((uplink) => {
    const path = uplink[family]
    const why = numbers.includes(uplink.number) && path ? missedBy(use, path) : null
    return why === null ? [] : [`${uplink.name} (${why})`]
  })
  return missed.length === 0 ? '' : `, none meets ${qualityText(use)}: ${missed.join(', ')}`
}

function phraseOf(choice: Choice, { uplinks, mode, spread }: Use): string {
  switch (choice.kind) {
    case 'balance':
      return 'none of its uplinks is usable, balanced as all else'
    case 'main':
      return uplinks?.length === 0 ? 'left to table main' : 'none of its uplinks is usable, left to table main'
    case 'refuse':
      return `none of its uplinks is usable, ${choice.as}`
    case 'uplink':
      return whichOf(mode, uplinks?.length, spread)
    case 'spread': {
      const remembered = choice.stickySeconds ? `, each client for ${choice.stickySeconds} s` : ''
      if (choice.working.length === 1 || choice.by.length === 0) return `${whichOf(mode, uplinks?.length)}${remembered}`
      const by =
        choice.by === 'random' ? 'at random' : `by a hash of ${choice.by.map((field) => words[field]).join(', ')}`
      return `spread ${by}${spread ? `, spread = ${spread}` : ''}${remembered}`
    }
  }
}

function whichOf(mode: Mode, listed: number | undefined, spread?: Spread): string {
  if (spread && listed !== 1) return `the one that spread = ${spread} gives new connections`
  return listed === 1 ? 'its only uplink' : modeOf(mode).words.taken
}

const words: Readonly<Record<HashField, string>> = {
  ...{ source: 'source', destination: 'destination', protocol: 'protocol' },
  ...{ sourcePort: 'source port', destinationPort: 'port' },
}
