/** org.ifbalance1 on the bus: /org/ifbalance1, and one object for each uplink below it. See org.ifbalance1(5). */
import { isDeepStrictEqual } from 'node:util'
import type { Cause } from '../../model/cause.ts'
import type { Mode } from '../../model/mode.ts'
import type { Pair } from '../../model/pair.ts'
import type { Answer, Bus, IncomingCall } from '../../os/dbus/bus.ts'
import type { UplinkStatus } from '../../status/status.ts'
import type { SwitchVerb } from '../../store/switches.ts'
import type { Reply } from '../control/protocol.ts'
import { gives, refuse } from './answers.ts'
import { type Action, createAuthority } from './authority.ts'
import { type Interface, type Method, nothing, type Property, takes, type Variant } from './describe.ts'
import { dispatch } from './dispatch.ts'
import { type Past, pastMethods } from './past.ts'
import { described, objectManagerInterface, propertiesInterface, rootPath } from './standard.ts'
import { describeUplink, fixed, uplinkPath } from './uplink.ts'

export interface Served {
  readonly version: string
  readonly mode: Mode
  readonly heldDown: boolean
  readonly pair?: Pair
  /** What is not as it should be, for people. */
  readonly warnings: readonly string[]
  readonly uplinks: readonly UplinkStatus[]
}

/** What callers may have the daemon do. */
export interface Actions {
  readonly reconcile: (cause: Cause) => Promise<Reply>
  readonly switchUplink: (verb: SwitchVerb, uplink: string) => Promise<Reply>
  readonly followSlice: (uplink: string) => Promise<Reply>
}

const managerInterface = 'org.ifbalance1.Manager'
const mostWarnings = 50

type Tree = ReadonlyMap<string, readonly Interface[]>

/** Serves what the latest `update` said, and signals what differs from the one before. */
export function createService(bus: Bus, actions: Actions, past: Past): { readonly update: (served: Served) => void } {
  const authorize = createAuthority(bus)
  const methods = managerMethods(
    async (call, action, deed) => (await authorize(call, action)) ?? outcomeOf(await deed()),
  )
  let tree: Tree = new Map()

  function managerMethods(
    allowed: (call: IncomingCall, action: Action, deed: () => Promise<Reply>) => Promise<Answer>,
  ): ReadonlyMap<string, Method> {
    return new Map<string, Method>([
      ...pastMethods(past),
      [
        'Reconcile',
        {
          takes: [],
          gives: [],
          run: (_, call) =>
            allowed(call, 'org.ifbalance1.reconcile', () => actions.reconcile({ kind: 'bus', reason: 'D-Bus' })),
        },
      ],
      [
        'SetEnabled',
        {
          takes: takes('uplink:s', 'enabled:b'),
          gives: [],
          run: ([uplink, enabled], call) =>
            allowed(call, 'org.ifbalance1.set-enabled', () =>
              actions.switchUplink(enabled === true ? 'enable' : 'disable', String(uplink)),
            ),
        },
      ],
      [
        'SetDrained',
        {
          takes: takes('uplink:s', 'drained:b'),
          gives: [],
          run: ([uplink, drained], call) =>
            allowed(call, 'org.ifbalance1.set-enabled', () =>
              actions.switchUplink(drained === true ? 'drain' : 'enable', String(uplink)),
            ),
        },
      ],
      [
        'FollowSlice',
        {
          takes: takes('uplink:s'),
          gives: [],
          // Everyone may call this: systemd has decided who may make the slice, and the call does no more than the next
          // look would do.
          run: async ([uplink]) => outcomeOf(await actions.followSlice(String(uplink))),
        },
      ],
    ])
  }

  function update(served: Served): void {
    const before = tree
    tree = treeOf(served, methods)
    if (before.size === 0) return
    for (const [path, interfaces] of before) {
      if (!isSame(interfaces, tree.get(path)))
        tell('InterfacesRemoved', 'oas', [path, interfaces.map(({ name }) => name)])
    }
    for (const [path, interfaces] of tree) {
      const known = before.get(path)
      if (known && isSame(known, interfaces)) tellChanges(path, known, interfaces)
      else tell('InterfacesAdded', 'oa{sa{sv}}', [path, described(interfaces)])
    }
  }

  function tell(member: string, signature: string, body: readonly unknown[]): void {
    bus.emit({ path: rootPath, interface: objectManagerInterface, member, signature, body })
  }

  function tellChanges(path: string, before: readonly Interface[], after: readonly Interface[]): void {
    for (const face of after) {
      const known = before.find(({ name }) => name === face.name)
      const changes = known ? changed(known, face) : []
      if (changes.length > 0)
        bus.emit({
          ...{ path, interface: propertiesInterface, member: 'PropertiesChanged', signature: 'sa{sv}as' },
          body: [face.name, changes, []],
        })
    }
  }

  bus.serve((call) => dispatch(tree, call))
  return { update }
}

function treeOf(
  { version, mode, heldDown, pair, warnings, uplinks }: Served,
  methods: ReadonlyMap<string, Method>,
): Tree {
  const manager: Interface = {
    name: managerInterface,
    methods,
    signals: nothing,
    properties: new Map([
      ['Version', fixed('s', version, 'never')],
      ['Mode', fixed('s', mode)],
      ['HeldDown', fixed('b', heldDown)],
      ...(pair ? ofPair(pair) : []),
      ['Warnings', fixed('as', warnings.slice(0, mostWarnings), 'none')],
      ['Uplinks', fixed('ao', uplinks.map(uplinkPath))],
    ]),
  }
  return new Map([
    [rootPath, [manager]],
    ...uplinks.map((uplink) => [uplinkPath(uplink), [describeUplink(uplink)]] as const),
  ])
}

/** Properties that only one of two routers has. */
function ofPair({ role, why, usable }: Pair): readonly (readonly [string, Property])[] {
  return [
    ['Role', fixed('s', role)],
    ['RoleReason', fixed('s', why)],
    ['Usable', fixed('u', usable ?? 0)],
  ]
}

/** Whether two objects are the same uplink: one that got the number of a forgotten uplink is another object. */
function isSame(one: readonly Interface[], other: readonly Interface[] | undefined): boolean {
  const name = (interfaces: readonly Interface[]) => interfaces[0]?.properties.get('Name')?.read()
  return other !== undefined && name(one) === name(other)
}

/** The changes to signal, as `a{sv}`. Nothing else is read: counters of many uplinks, each from all devices', are dear. */
function changed(before: Interface, after: Interface): readonly (readonly [string, Variant])[] {
  return [...after.properties].flatMap(([name, { type, changes, read }]) => {
    if (changes !== 'signal') return []
    const value = read()
    return isDeepStrictEqual(value, before.properties.get(name)?.read()) ? [] : [[name, [type, value]] as const]
  })
}

function outcomeOf({ ok, message, misuse }: Reply): Answer {
  if (ok) return gives('')
  return refuse(misuse ? 'unknownUplink' : 'failed', message)
}
