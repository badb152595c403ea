/** The renderer of events: the words for people, which nothing else asserts, and the fields that the manual lists. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CauseKind } from '../../../src/model/cause.ts'
import type { Event, Level } from '../../../src/model/event.ts'
import { journalFields, levelOf, textOf } from '../../../src/model/event-text.ts'
import type { Step } from '../../../src/model/step.ts'
import type { TroubleKind } from '../../../src/model/trouble.ts'
import { checked } from '../../json.ts'

const examples: { readonly [K in Event['event']]: readonly [Extract<Event, { event: K }>, Level, string] } = {
  uplink: [
    {
      ...{ event: 'uplink', uplink: 'lte', family: 'inet', from: 'online', to: 'offline' },
      ...{ reason: 'no answer', durationMs: 1500.4, carrying: ['dsl'] },
    },
    'notice',
    'lte, IPv4 is offline: no answer; new connections by dsl',
  ],
  drain: [
    { event: 'drain', uplink: 'lte', drained: true, reason: 'by command', carrying: ['dsl'] },
    'notice',
    'lte is drained, by command: old connections stay; new connections by dsl',
  ],
  role: [
    { event: 'role', from: 'active', to: 'standby', usable: 1, reason: 'lan0 has no link' },
    'notice',
    'this router is now standby: lan0 has no link; 1 uplink is usable',
  ],
  carrying: [{ event: 'carrying', carrying: [] }, 'notice', 'no uplink carries new connections'],
  round: [
    {
      ...{ event: 'round', heldDown: false, carrying: ['dsl', 'lte'], changes: 2 },
      causes: [
        { kind: 'configuration', reason: 'configuration read' },
        { kind: 'command', reason: 'apply' },
      ],
    },
    'info',
    'balancing over dsl, lte (2 changes after configuration read, apply)',
  ],
  change: [{ event: 'change', step: 'add-rule', command: 'ip -4 rule add' }, 'info', 'ip -4 rule add'],
  'held-down': [{ event: 'held-down' }, 'notice', 'taken down; ifbalance apply starts again'],
  trouble: [
    { event: 'trouble', kind: 'refused', uplink: 'lte', rule: 'r', reason: 'rule r: left out' },
    'warning',
    'rule r: left out',
  ],
  configuration: [
    { event: 'configuration', isError: true, inForce: 'last-good', reason: 'a.conf:1: no' },
    'error',
    'a.conf:1: no',
  ],
  service: [
    { event: 'service', service: 'networkd', reason: 'no answer' },
    'warning',
    'asking networkd: no answer; going on with what it said before',
  ],
  watch: [{ event: 'watch', watched: 'kernel', reason: 'ended' }, 'warning', 'watching kernel: ended; starting again'],
  bus: [{ event: 'bus', reason: 'message bus: gone' }, 'warning', 'message bus: gone'],
  hook: [{ event: 'hook', hook: '/h', reason: '/h: left out' }, 'warning', 'hook /h: left out'],
  failure: [
    {
      ...{ event: 'failure', doing: 'writing', what: '/run/f', code: 'ENOSPC' },
      ...{ reason: 'no space', consequence: 'kept in memory meanwhile' },
    },
    'warning',
    'writing /run/f: no space; kept in memory meanwhile',
  ],
  recovery: [{ event: 'recovery', doing: 'listening on', what: '/run/s' }, 'notice', 'listening on /run/s again'],
  fatal: [
    { event: 'fatal', code: 'daemon-runs', reason: 'another daemon is running' },
    'error',
    'another daemon is running',
  ],
  failback: [
    { event: 'failback', uplink: 'lte' },
    'notice',
    'connections of lte end, as a better uplink is back to stay',
  ],
  gateway: [
    { event: 'gateway', uplink: 'br0', family: 'inet', port: 'eth0' },
    'info',
    'br0, IPv4: the gateway is behind eth0',
  ],
  tunnel: [{ event: 'tunnel', tunnel: 'wg0', peer: 'KEY=' }, 'notice', 'wg0, peer KEY=: its packets are routed anew'],
  'left-out': [{ event: 'left-out', count: 2, of: 'info' }, 'info', '... and 2 more lines that nobody would read'],
}

test.each(Object.entries(examples))('%s', (_, [event, level, text]) => {
  expect({ level: levelOf(event), text: textOf(event) }).toEqual({ level, text })
  checked('log', { format: 1, priority: 5, message: text, ...event })
})

const man = readFileSync(new URL('../../../docs/ifbalance.8', import.meta.url), 'utf8')
const theLog = man.slice(man.indexOf('.Sh THE LOG'), man.indexOf('.Sh IS THE LINE ALIVE'))
/** The words that stand there as such: behind `.Sy`, `.Li` or `.Va`, also within an `.It`. */
const words = new Set(
  [...theLog.matchAll(/^\.(?:It )?(?:Sy|Va|Li) (.*)$/gm)].flatMap(([, line = '']) => line.split(/[\s,]+/)),
)

test('ifbalance(8) has each event, each kind of trouble, each step, each cause and each field', () => {
  const kinds: Record<TroubleKind, null> = {
    ...{ 'foreign-rule': null, 'foreign-route': null, 'foreign-table': null, 'mark-compared': null },
    ...{ 'mark-written': null, multipath: null, bypass: null, bridge: null, 'dead-end': null, 'shared-address': null },
    ...{ overlap: null, 'table-name': null, 'unknown-nat': null, 'many-networks': null, 'many-addresses': null },
    ...{ 'no-number': null, 'bad-name': null, 'same-name': null, lan: null, vrf: null, 'no-bearer': null },
    ...{
      'nothing-answers': null,
      'no-flowtables': null,
      'source-check': null,
      refused: null,
      'without-effect': null,
      failed: null,
    },
    ...{ package: null, 'no-fixed-number': null },
  }
  const steps: Record<Step['kind'], null> = {
    ...{ remember: null, 'name-tables': null, 'set-sysctl': null, 'load-ruleset': null, 'delete-ruleset': null },
    ...{ 'replace-route': null, 'delete-route': null, 'add-rule': null, 'delete-rule': null },
    ...{ 'forget-connections': null, 'forget-untranslated': null, 'close-sockets': null, 'forget-stranded': null },
    'forget-sealed': null,
    ...{ 'add-endpoint': null, 'change-endpoint': null, 'delete-endpoint': null, 'set-subflows': null },
  }
  const causes: Record<CauseKind, null> = {
    ...{ start: null, configuration: null, command: null, hook: null, bus: null, slice: null, enabling: null },
    ...{ kernel: null, ruleset: null, service: null, monitor: null, sysctl: null, 'control-group': null },
    ...{ verdict: null, probes: null, quota: null, weights: null, 'path-mtu': null },
  }
  const fields = Object.values(examples).flatMap(([event]) => Object.keys(journalFields(event)))
  const wanted = [
    ...Object.keys(examples),
    ...Object.keys(kinds),
    ...Object.keys(steps),
    ...Object.keys(causes),
    ...new Set(fields),
  ]
  expect(wanted.filter((word) => !words.has(word))).toEqual([])
})

test('fields that say nothing are absent', () => {
  expect(journalFields(examples.uplink[0])).toEqual({
    ...{ IFBALANCE_EVENT: 'uplink', IFBALANCE_UPLINK: 'lte', IFBALANCE_FAMILY: 'IPv4', IFBALANCE_STATE: 'offline' },
    ...{ IFBALANCE_FORMER_STATE: 'online', IFBALANCE_REASON: 'no answer', IFBALANCE_DURATION_MS: '1500' },
    IFBALANCE_CARRYING: 'dsl',
  })
  expect(journalFields(examples.failure[0])).toMatchObject({ IFBALANCE_DOING: 'writing', IFBALANCE_CODE: 'ENOSPC' })
  expect(journalFields({ event: 'failure', doing: 'probing', what: '', reason: 'no' })).toEqual({
    ...{ IFBALANCE_EVENT: 'failure', IFBALANCE_DOING: 'probing', IFBALANCE_REASON: 'no' },
  })
})
