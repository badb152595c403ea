/** Events of the log, with IFBALANCE_LOG=json and in the history. */
import type { Cause, CauseKind } from '../../src/model/cause.ts'
import type { Event } from '../../src/model/event.ts'
import type { Dated } from '../../src/model/history.ts'
import type { Step } from '../../src/model/step.ts'
import type { TroubleKind } from '../../src/model/trouble.ts'
import { uplinkStates } from '../../src/model/uplink.ts'
import type { Family } from '../../src/net/family.ts'
import {
  constant,
  either,
  flag,
  has,
  integer,
  list,
  type Member,
  may,
  nullable,
  number,
  object,
  oneOf,
  oneOfAll,
  type Schema,
  text,
} from './schema.ts'
import { format } from './status.ts'

export const family: Schema<Family> = oneOfAll<Family>({ inet: true, inet6: true })

const troubles = oneOfAll<TroubleKind>({
  ...{ 'foreign-rule': true, 'foreign-route': true, 'foreign-table': true, 'mark-compared': true },
  ...{
    'mark-written': true,
    multipath: true,
    bypass: true,
    bridge: true,
    'dead-end': true,
    'shared-address': true,
    overlap: true,
  },
  ...{ 'table-name': true, 'unknown-nat': true, 'many-networks': true, 'many-addresses': true, 'no-number': true },
  ...{ 'bad-name': true, 'same-name': true, lan: true, vrf: true, 'no-fixed-number': true, 'no-bearer': true },
  ...{
    'nothing-answers': true,
    'no-flowtables': true,
    'source-check': true,
    refused: true,
    'without-effect': true,
    failed: true,
  },
  package: true,
})

const causes = oneOfAll<CauseKind>({
  ...{ start: true, configuration: true, command: true, hook: true, bus: true, slice: true, enabling: true },
  ...{ kernel: true, ruleset: true, service: true, monitor: true, sysctl: true, 'control-group': true, verdict: true },
  ...{ probes: true, quota: true, weights: true, 'path-mtu': true },
})

const steps = oneOfAll<Step['kind']>({
  ...{ remember: true, 'name-tables': true, 'set-sysctl': true, 'load-ruleset': true, 'delete-ruleset': true },
  ...{ 'replace-route': true, 'delete-route': true, 'add-rule': true, 'delete-rule': true, 'add-endpoint': true },
  ...{ 'change-endpoint': true, 'delete-endpoint': true, 'set-subflows': true, 'forget-connections': true },
  ...{ 'forget-stranded': true, 'close-sockets': true, 'forget-untranslated': true, 'forget-sealed': true },
})

/** An event's members without the word that says which it is. */
type MembersOf<Word extends Event['event']> = Omit<Extract<Event, { readonly event: Word }>, 'event'>
type Described<T> = Parameters<typeof object<T>>[0]

const names = list(text)
const reason = has(text, 'Why, for people')
const carrying = 'The uplinks that new connections take now'
const role = oneOfAll<'active' | 'standby'>({ active: true, standby: true })

const members: { readonly [Word in Event['event']]: Described<MembersOf<Word>> } = {
  uplink: {
    uplink: has(text, 'The uplink'),
    family: may(family, 'Of its line in this family alone'),
    from: has(nullable(oneOf(uplinkStates)), 'The former state; null where nothing was known of it'),
    to: has(oneOf([...uplinkStates, 'gone'] as const), 'The state; gone is what is no uplink any more'),
    reason,
    durationMs: may(number, 'How long the former state lasted, in milliseconds'),
    carrying: may(names, `${carrying}, where that has changed`),
  },
  drain: {
    uplink: has(text, 'The uplink'),
    drained: has(flag, 'Whether it takes no new connections'),
    reason,
    carrying: may(names, `${carrying}, where that has changed`),
  },
  role: {
    from: has(nullable(role), 'The former role; null where none was known'),
    to: has(role, 'The role of this one of two routers'),
    usable: has(nullable(integer), 'How many uplinks keepalived is told to be usable'),
    reason,
  },
  carrying: { carrying: has(names, carrying) },
  round: {
    heldDown: has(flag, 'Whether everything was taken away'),
    carrying: has(names, carrying),
    changes: has(integer, 'How many changes were made'),
    causes: has(
      list(
        object<Cause>({
          kind: has(causes, 'What had the daemon look'),
          uplink: may(text, 'The uplink that it is about'),
          family: may(family, 'The family that it is about'),
          reason: has(text, 'The same for people'),
        }),
      ),
      'Why the daemon looked; none for a regular look',
    ),
  },
  change: {
    step: has(steps, 'What was changed'),
    command: has(text, 'The command that does that'),
  },
  'held-down': {},
  trouble: {
    kind: has(troubles, 'What is not as it should be'),
    uplink: may(text, 'The uplink that it is about'),
    family: may(family, 'The family that it is about'),
    rule: may(text, 'The rule of the configuration that it is about'),
    code: may(text, 'The code of the error that it comes from'),
    reason: has(text, 'The same for people'),
  },
  configuration: {
    isError: has(flag, 'Whether it is an error, and not a warning'),
    inForce: may(
      oneOfAll<'last-good' | 'understood'>({ 'last-good': true, understood: true }),
      'Which configuration is in force where there are errors',
    ),
    reason,
  },
  service: { service: has(text, 'A network service that does not answer'), reason },
  watch: { watched: has(text, 'What told of changes and has ended'), reason },
  bus: { reason },
  hook: { hook: has(text, 'The path of a program that is left out, or failed'), reason },
  failure: {
    doing: has(text, 'What could not be done'),
    what: has(text, 'Which file or thing'),
    code: may(text, "The system's code, or one of this program"),
    reason,
    consequence: may(text, 'What follows, for people'),
  },
  recovery: {
    doing: has(text, 'What is done again'),
    what: has(text, 'Which file or thing'),
  },
  fatal: { code: may(text, "The system's code, or one of this program"), reason },
  failback: { uplink: has(text, 'The uplink whose connections are ended, as a better one is back') },
  tunnel: {
    tunnel: has(text, 'Interface of the tunnel whose packets are routed anew'),
    peer: has(text, "The peer's public key"),
  },
  gateway: {
    uplink: has(text, 'The uplink, which leaves by a bridge'),
    family: has(family, 'Of which family its gateway is'),
    port: has(text, 'The port of the bridge behind which its gateway is'),
  },
  'left-out': {
    count: has(integer, 'How many messages were not told'),
    of: has(
      oneOfAll<'error' | 'warning' | 'notice' | 'info'>({ error: true, warning: true, notice: true, info: true }),
      'Their level',
    ),
  },
}

type AnyMembers = Readonly<Record<string, Member<unknown, boolean>>>

/** An event with members that stand before its own. */
function eventWith(before: AnyMembers, word: string, own: AnyMembers): Schema<unknown> {
  return object<Readonly<Record<string, unknown>>>({
    ...before,
    event: has(constant(word), 'Which event it is') as Member<unknown, false>,
    ...own,
  } as Parameters<typeof object<Readonly<Record<string, unknown>>>>[0]) as Schema<unknown>
}

const before = {
  format,
  priority: has(integer, 'Its priority, as in syslog(3)'),
  message: has(text, 'The message, for people'),
} as const

/** A line on standard error. */
export const logLine: Schema<unknown> = either([
  object<{ readonly format: 1; readonly priority: number; readonly message: string }>(before),
  ...Object.entries(members).map(([word, own]) => eventWith(before as AnyMembers, word, own as AnyMembers)),
])

const at = { at: has(number, 'When, in milliseconds since 1970') }
const kept: { readonly [Word in Exclude<Dated['event'], 'start'>]: true } = {
  ...{ uplink: true, drain: true, carrying: true, 'held-down': true, failback: true },
}

/** What of them the history keeps. */
export const dated: Schema<Dated> = either<Dated>([
  ...Object.keys(kept).map((word) =>
    eventWith(at as AnyMembers, word, members[word as keyof typeof kept] as AnyMembers),
  ),
  eventWith(at as AnyMembers, 'start', {}),
])
