/** What flows have to do with us that did something without us, and the flows that have to be just as they were. */
import { run } from '../../lab/run.ts'
import { allFlows, clientOf, deviceOf } from './all-flows.ts'
import type { Fate, Flow, startFlows } from './flows.ts'
import { state } from './host-state.ts'

/** What worked is given so long to work again; what never did, the shorter time. */
const generousSeconds = 8
const shortSeconds = 0.5

export interface Tried {
  readonly flow: Flow
  readonly fate: Fate
}

/** By the name of the flow. */
export type Flows = ReadonlyMap<string, Tried>

type Trying = ReturnType<typeof startFlows>

/** `flows` is what tries them. */
export function expectationsOf(flows: Trying) {
  return {
    tryAll: () => open(flows, 'before', shortSeconds),
    expectAlive: (ids: ReadonlySet<string>, before: Flows, when: string) => expectAlive(flows, ids, before, when),
    expectNew: (when: string, before: Flows, free: ReadonlySet<string>, dead?: ReadonlySet<string>) =>
      expectNew(flows, when, before, free, dead ?? new Set()),
  }
}

/** The lines that it needs: where it was answered, or came from. */
export function linesOf(one: Tried | undefined): readonly string[] {
  return one ? [one.fate.where ?? '', one.flow.namespace, ownLine(one) ?? ''] : []
}

/** By the name of the flow. They stay open. */
async function open(flows: Trying, when: string, seconds: number, only?: ReadonlySet<string>): Promise<Flows> {
  const wanted = allFlows.filter(({ id }) => only?.has(id) ?? true)
  const named = wanted.map((flow) => ({ ...flow, id: `${flow.id} ${when}`.replaceAll('.', '_') }))
  const fates = await flows.open(named, seconds)
  return new Map(
    fates.map((fate, index) => [fate.id, { flow: { ...(wanted[index] as Flow), id: fate.id }, fate }] as const),
  )
}

/** What worked before works now: free flows by any provider whose line lives, all others just as before. */
async function expectNew(
  flows: Trying,
  when: string,
  before: Flows,
  free: ReadonlySet<string>,
  dead: ReadonlySet<string>,
): Promise<void> {
  const former = new Map([...before.values()].map((one) => [one.flow.id.replace(/ before$/, ''), one]))
  const expected = allFlows.filter(({ id }) => {
    const one = former.get(id.replaceAll('.', '_'))
    if (!one || one.fate.where === null) return false
    // One provider routes the dmz's addresses here, and no other takes them.
    const isFree = free.has(one.flow.id) && one.flow.namespace !== 'dmz'
    return isFree || !linesOf(one).some((line) => dead.has(line))
  })
  const now = await open(flows, when, generousSeconds, new Set(expected.map(({ id }) => id)))
  const wrong = [...now.values()].flatMap(({ flow, fate }) => {
    const one = former.get(flow.id.slice(0, -when.replaceAll('.', '_').length - 1))
    if (!one) throw new Error(`no flow ${flow.id}`)
    const isFree = free.has(one.flow.id)
    const told = `${flow.id}: ${JSON.stringify(fate)}, before ${JSON.stringify(one.fate)}`
    if (fate.where === null) return [told]
    if (fate.where === ownLine(one)) return []
    if (isFree && (fate.where !== one.fate.where || dead.size > 0))
      return /^isp[12]$/.test(fate.where) && !dead.has(fate.where) ? [] : [told]
    // What the kernel takes for a source may be the address of the line that is dead.
    return fate.where === one.fate.where && (dead.size > 0 || fate.peer === one.fate.peer) ? [] : [told]
  })
  await flows.close([...now.keys()])
  if (wrong.length > 0) throw new Error(`${when}:\n${wrong.join('\n')}\n${await state()}`)
}

/** This host's own socket that has an uplink's device or address stays on that uplink, whatever main would have done. */
function ownLine({ flow: { namespace, device, source }, fate }: Tried): string | null {
  const bound = namespace === 'host' ? (device ?? source ?? fate.peer ?? '') : ''
  const [, line] = /^(?:wan|10\.|2001:db8:)([12])(?:$|\.|::)/.exec(bound) ?? []
  return line === undefined ? null : `isp${line}`
}

async function expectAlive(flows: Trying, ids: ReadonlySet<string>, before: Flows, when: string): Promise<void> {
  const fates = await flows.ask([...ids], generousSeconds)
  const wrong = fates.filter(({ id, where, peer }) => {
    const first = before.get(id)
    // Without a connection, the kernel chooses anew for each datagram.
    if (first?.flow.unconnected) return where === null
    // With an uplink's address by another way: main alone had led it there, and now its uplink does.
    const own = first ? ownLine(first) : null
    if (own !== null && first?.fate.where !== own) return false
    return where !== first?.fate.where || peer !== first?.fate.peer
  })
  if (wrong.length > 0) {
    const told = wrong.map((fate) => `${JSON.stringify(fate)}, before ${JSON.stringify(before.get(fate.id)?.fate)}`)
    throw new Error(`open before ${when}, and not as it was after:\n${told.join('\n')}\n${await state()}`)
  }
}

/** Without us, main's default decides, and it is an uplink's: this is what we may spread. */
export async function isLeftToMain(flow: Flow): Promise<boolean> {
  const { namespace, family, destination, device, source, mark } = flow
  if (device !== undefined || (source !== undefined && namespace === 'host')) return false
  if (namespace.startsWith('isp')) return false
  const from = namespace === 'host' ? [] : ['from', source ?? clientOf(namespace, family), 'iif', deviceOf(namespace)]
  const marked = mark === undefined ? [] : ['mark', String(mark)]
  const args = [family === 'inet' ? '-4' : '-6', 'route', 'get', 'fibmatch', destination, ...from, ...marked]
  const { stdout, exitCode } = await run('/usr/sbin/ip', args, { accept: [0, 2] })
  return exitCode === 0 && /^default .*dev wan[12] /.test(stdout) && !stdout.includes(' table ')
}
