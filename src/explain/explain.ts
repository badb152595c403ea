/** What a new connection would do: the administrator's rules from the configuration, everything else from the kernel. */

import { allRules, type Choice, choiceOf } from '../decide/steering/choice.ts'
import type { FieldName } from '../decide/steering/fields.ts'
import { type FirstPacket, mismatch } from '../decide/steering/match.ts'
import { domainSet, fileSets } from '../decide/steering/sets.ts'
import { slotCount } from '../decide/steering/slots.ts'
import { balancedTable, markOf, marks, tables, uplinkTable } from '../ids.ts'
import type { Config, Desired, Observed, SteeringRule, Uplink } from '../model.ts'
import { hex } from '../rule-spec.ts'
import { slotOf } from './hash.ts'
import { type RouteAnswer, type RouteQuery, routeOf, setContains } from './kernel.ts'
import { ruleTo } from './policy.ts'
import { protocolNumbers, type Question } from './question.ts'

export interface Explanation {
  readonly packet: FirstPacket
  /** In order up to the one that matches; a reason for each that does not. */
  readonly rules: readonly { readonly rule: string; readonly reason: string | null }[]
  /** What decides, for people. */
  readonly decision: string
  /** Where it goes, each with its part of all such connections; one where it is certain. */
  readonly ways: readonly WayOut[]
  /** Why nothing goes anywhere. */
  readonly refused: string | null
  /** Uplinks that it does not take, and why. */
  readonly others: readonly { readonly uplink: string; readonly reason: string }[]
}

export interface WayOut {
  /** Null for a device that is no uplink. */
  readonly uplink: string | null
  readonly share: number
  readonly device: string
  readonly gateway: string | null
  readonly mark: number
  readonly table: string
  /** Priority and selector; null where others' rules decide in ways that we cannot read. */
  readonly ipRule: string | null
}

export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly desired: Desired
}

/** Root's alone: sets of nftables are read. */
export async function explain(question: Question, facts: Facts): Promise<Explanation> {
  const query = await queryOf(question, facts)
  if (typeof query === 'string') throw new Error(query)
  const local = query.incoming === null
  const first = await routeOf(query)
  const packet: FirstPacket = {
    ...{ family: query.family, side: local ? 'local' : 'forward', destination: query.destination },
    source: query.source ?? (typeof first === 'string' ? '' : (first.source ?? '')),
    ...{ protocol: query.protocol, sourcePort: query.sourcePort ?? 0, destinationPort: query.port },
    ...{ interface: query.incoming, mark: query.mark, dscp: question.dscp, user: question.user, cgroup: null },
  }
  const plain = await whatPasses(query, packet, first, facts)
  if (plain !== null) return { packet, rules: [], decision: plain, ...(await waysOf(query, packet, 0, facts, first)) }
  const rules: { rule: string; reason: string | null }[] = []
  for (const rule of allRules(facts.config)) {
    const reason = await reasonAgainst(rule, packet)
    rules.push({ rule: nameOf(rule), reason })
    if (reason === null) return { packet, rules, ...(await used(rule, query, packet, facts)) }
  }
  const { mode } = facts.config.balance
  return { packet, rules, decision: `balanced, mode ${mode}`, ...(await waysOf(query, packet, 0, facts, first)) }
}

/** The interface that it comes in by is the one that its source is reached by. */
async function queryOf(question: Question, { observed }: Facts): Promise<RouteQuery | string> {
  const { family, destination, from, incoming, mark, protocol, port, sourcePort } = question
  const number = protocol === 'icmp' && family === 'inet6' ? 58 : protocolNumbers[protocol]
  const base = { family, destination, mark, protocol: number, sourcePort, port }
  const own = observed.links.some(({ addresses }) => addresses.some(({ address }) => address === from))
  if (incoming !== null && from === null) return `coming in by ${incoming}, from where? Expected --from as well`
  if (from === null || (own && incoming === null)) return { ...base, source: from, incoming: null }
  if (incoming !== null) return { ...base, source: from, incoming }
  const back = await routeOf({ ...base, destination: from, source: null, incoming: null, mark: 0 })
  return typeof back === 'string' ? `how ${from} is reached: ${back}` : { ...base, source: from, incoming: back.device }
}

/** What no rule of the administrator is asked for, or null. */
async function whatPasses(
  { incoming, source }: RouteQuery,
  { mark, user }: FirstPacket,
  first: RouteAnswer | string,
  { config, desired }: Facts,
): Promise<string | null> {
  if (desired.ruleset === null) return 'nothing is balanced here: no uplink is known'
  const cameIn = desired.uplinks.find((uplink) => uplink.interface === incoming)
  if (cameIn) return `comes in by uplink ${cameIn.name}, and its answers leave by it`
  if (typeof first === 'string') return 'the kernel has no way for it'
  const uplink = desired.uplinks.find((one) => one.interface === first.device)
  if (first.table === tables.local) return 'stays on this host'
  if (!uplink || first.table !== balancedTable(config.numbers)) {
    const bound =
      incoming === null && source !== null && uplink && first.table === uplinkTable(uplink.number, config.numbers)
    if (incoming === null && !uplink) return `the kernel sends it by ${first.device} before anything of ours is asked`
    if (!bound && first.table !== tables.main) return `another policy rule comes first`
    if (!bound && !first.isDefault) return 'table main has a route of its own for it'
  }
  if (incoming === null && user !== null && user === config.probeUser)
    return "a probe of ifbalance's, which no rule moves"
  return mark === 0 || config.rules.some(({ match }) => match.mark) ? null : `marked ${hex(mark)} by another program`
}

async function reasonAgainst({ name, match }: SteeringRule, packet: FirstPacket): Promise<string | null> {
  const sets = {
    source: fileSets(match.source, packet.family).map((set) => ({ set, address: packet.source })),
    destination: fileSets(match.destination, packet.family).map((set) => ({ set, address: packet.destination })),
    domain: match.domains ? [{ set: domainSet(name, packet.family), address: packet.destination }] : [],
  }
  const entries = Object.entries(sets).map(async ([kind, [one]]) => {
    const address = one?.address ?? ''
    const set = typeof one?.set === 'string' ? one.set : one?.set.name
    return [kind, set !== undefined && (await setContains(set, address))] as const
  })
  const contains = Object.fromEntries(await Promise.all(entries))
  return mismatch(match, packet, (kind) => contains[kind] ?? false)
}

function nameOf({ name }: SteeringRule): string {
  return name === '' ? 'mode = random' : name
}

type Outcome = Pick<Explanation, 'decision' | 'ways' | 'refused' | 'others'>

async function used(
  { name, use }: SteeringRule,
  query: RouteQuery,
  packet: FirstPacket,
  facts: Facts,
): Promise<Outcome> {
  const { config, desired } = facts
  const choice = choiceOf(
    use,
    packet.side,
    packet.family,
    config,
    desired.uplinks.filter(({ index }) => index !== null),
  )
  const flag = packet.side === 'local' ? marks(config.numbers).incoming : 0
  const decision = `${name === '' ? 'mode = random' : `rule ${name}`}: ${phraseOf(choice)}`
  if (choice.kind === 'refuse') return { decision, ways: [], refused: choice.as, others: othersThan([], facts, packet) }
  if (choice.kind === 'balance') return { decision, ...(await waysOf(query, packet, 0, facts)) }
  if (choice.kind === 'main')
    return { decision, ...(await waysOf(query, packet, marks(config.numbers).incoming, facts)) }
  const numbers = choice.kind === 'uplink' ? [{ number: choice.number, share: 1 }] : sharesOf(choice, query, packet)
  const all = await Promise.all(
    numbers.map(async ({ number, share }) => {
      const { ways, refused } = await waysOf(query, packet, (markOf(number, config.numbers) | flag) >>> 0, facts)
      return { ways: ways.map((way) => ({ ...way, share: way.share * share })), refused }
    }),
  )
  const ways = all.flatMap((one) => one.ways)
  const refused = ways.length === 0 ? (all[0]?.refused ?? null) : null
  return { decision, ways, refused, others: othersThan(ways, facts, packet) }
}

function phraseOf(choice: Choice): string {
  switch (choice.kind) {
    case 'balance':
      return 'none of its uplinks is usable, balanced as all else'
    case 'main':
      return 'left to table main'
    case 'refuse':
      return `none of its uplinks is usable, ${choice.as}`
    case 'uplink':
      return 'one uplink'
    case 'spread': {
      const by =
        choice.by === 'random' ? 'at random' : `by a hash of ${choice.by.map((field) => words[field]).join(', ')}`
      return `spread ${by}${choice.stickySeconds ? `, each client for ${choice.stickySeconds} s` : ''}`
    }
  }
}

const words: Readonly<Record<FieldName, string>> = {
  ...{ interface: 'interface', source: 'source', destination: 'destination', protocol: 'protocol' },
  ...{ sourcePort: 'source port', destinationPort: 'port', user: 'user' },
}

/** A client that is remembered may have another; so may one whose source port is still to be chosen. */
function sharesOf(choice: Extract<Choice, { kind: 'spread' }>, { sourcePort }: RouteQuery, packet: FirstPacket) {
  const { by, pieces, stickySeconds } = choice
  const known = by !== 'random' && (!by.includes('sourcePort') || sourcePort !== null) && stickySeconds === undefined
  const slot = known ? slotOf(by, packet) : -1
  const taken = known ? pieces.filter(([first, last]) => first <= slot && slot <= last) : pieces
  const total = known ? 1 : slotCount
  const numbers = [...new Set(taken.map(([, , number]) => number))]
  const slotsOf = (number: number) =>
    taken.reduce((sum, [first, last, owner]) => sum + (owner === number ? last - first + 1 : 0), 0)
  return numbers.map((number) => ({ number, share: known ? 1 : slotsOf(number) / total }))
}

/** With this mark of ours. Where the hash is not known, every nexthop of the route counts. */
async function waysOf(
  query: RouteQuery,
  packet: FirstPacket,
  mark: number,
  facts: Facts,
  known?: RouteAnswer | string,
): Promise<Omit<Outcome, 'decision'>> {
  const { desired, observed, config } = facts
  const whole = (query.mark | mark) >>> 0
  // A socket has its address by the time that the mark is set.
  const source = query.source ?? (mark === 0 ? null : packet.source)
  const answer = known ?? (await routeOf({ ...query, source, mark: whole }))
  if (typeof answer === 'string') return { ways: [], refused: answer, others: othersThan([], facts, packet) }
  const { shares, device, gateway, table, isDefault } = answer
  // Over ports the kernel takes the hash that a packet has from its network card or socket, where it has one; and what it
  // says of a socket's own hash over the source alone is not what it does (Linux 6.18).
  const { mode } = config.balance
  const certain = shares.length === 1 || mode === 'flow' || (mode === 'source' && query.incoming !== null)
  const ways = (certain ? [{ device, share: 1 }] : shares).map((one): WayOut => {
    const uplink = desired.uplinks.find((other) => other.interface === one.device)
    const walker = {
      family: query.family,
      mark: whole,
      incoming: query.incoming ?? 'lo',
      source,
      device: null,
      isDefault,
    }
    const rule = ruleTo(table, observed.rules, walker)
    return {
      ...{ uplink: uplink?.name ?? null, share: one.share, device: one.device, mark: whole },
      gateway: one.device === device ? gateway : (uplink?.[query.family]?.gateway ?? null),
      table: tableName(table, facts),
      ipRule: rule && `${rule.priority}: ${rule.spec}`,
    }
  })
  return { ways, refused: null, others: othersThan(ways, facts, packet) }
}

function tableName(table: number, { config, desired }: Facts): string {
  const uplink = desired.uplinks.find(({ number }) => uplinkTable(number, config.numbers) === table)
  const known = Object.entries(tables).find(([, number]) => number === table)?.[0]
  return known ?? uplink?.name ?? (table === balancedTable(config.numbers) ? 'balanced' : String(table))
}

function othersThan(ways: readonly WayOut[], { desired }: Facts, { family }: FirstPacket) {
  return desired.uplinks
    .filter(({ name }) => !ways.some(({ uplink }) => uplink === name))
    .map((uplink) => ({ uplink: uplink.name, reason: whyNot(uplink, family) }))
}

function whyNot(uplink: Uplink, family: 'inet' | 'inet6'): string {
  const path = uplink[family]
  if (['absent', 'down', 'unconfigured', 'disabled'].includes(uplink.state)) return uplink.state
  if (path === null) return family === 'inet' ? 'it has no IPv4' : 'it has no IPv6'
  if (path.line?.state === 'offline') return 'offline'
  if (path.line?.barred) return 'its quota is used up'
  if (path.line?.degraded) return 'degraded'
  return `${uplink.standby ? 'standby, ' : ''}metric ${uplink.metric}, weight ${uplink.weight}`
}
