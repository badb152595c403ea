/** `ifbalance monitor --json`: a line each. */
import { type MonitorEvent, restless } from '../../src/cli/monitor-events.ts'
import { describeUplink } from '../../src/daemon/api/uplink.ts'
import { type Mode, modes } from '../../src/model/mode.ts'
import {
  anything,
  constant,
  either,
  flag,
  has,
  integer,
  list,
  may,
  nullable,
  number,
  object,
  objectOf,
  oneOf,
  oneOfAll,
  record,
  type Schema,
  text,
} from './schema.ts'
import { format } from './status.ts'

/** As it is printed. */
type Line<E> = Omit<E, 'time'> & { readonly format: 1; readonly time: string }
type Of<Word extends MonitorEvent['event']> = Line<Extract<MonitorEvent, { readonly event: Word }>>

const before = { format, time: has(text, 'When, in UTC, as in RFC 3339') } as const

/** By D-Bus' signatures, of those that the properties have. */
const types: Readonly<Record<string, Schema<unknown>>> = {
  s: text as Schema<unknown>,
  as: list(text) as Schema<unknown>,
  b: flag as Schema<unknown>,
  d: number as Schema<unknown>,
  u: integer as Schema<unknown>,
  t: integer as Schema<unknown>,
}

const nobody = { name: '', number: 1, interface: '', state: 'absent', weight: 1, metric: 1, since: 0 } as const
const { properties } = describeUplink({ ...nobody, inet: null, inet6: null }, () => ({}))
const uplink = objectOf(
  [...properties]
    .filter(([name]) => !restless.includes(name))
    .map(([name, { type }]) => {
      const schema = types[type]
      if (schema === undefined) throw new Error(`the property ${name}: no schema for D-Bus type ${type}`)
      return [name, has(schema, 'As in org.ifbalance1(5)')] as const
    }),
)

const kinds: { readonly [Word in MonitorEvent['event']]: Schema<unknown> } = {
  daemon: either([
    object<Line<Extract<MonitorEvent, { readonly running: true }>>>({
      ...before,
      event: has(constant('daemon'), 'The daemon'),
      running: has(constant(true), 'It runs'),
      mode: has(oneOf(Object.keys(modes) as Mode[]) as Schema<string>, 'How connections are spread'),
      heldDown: has(flag, 'Whether everything was taken away, by the command down'),
      role: may(
        oneOfAll<'active' | 'standby'>({ active: true, standby: true }) as Schema<string>,
        'Which of two routers this is',
      ),
      usable: may(integer, 'How many uplinks keepalived is told to be usable'),
    }),
    object<Line<Extract<MonitorEvent, { readonly running: false }>>>({
      ...before,
      event: has(constant('daemon'), 'The daemon'),
      running: has(constant(false), 'It does not run'),
      problem: has(nullable(text), 'Why it does not answer, for people; null where there is none'),
    }),
  ]),
  uplink: object<Of<'uplink'>>({
    ...before,
    event: has(constant('uplink'), 'How an uplink is: at the beginning, and when there is another one'),
    uplink: has(uplink, 'Its properties'),
  }) as Schema<unknown>,
  changed: object<Of<'changed'>>({
    ...before,
    event: has(constant('changed'), 'An uplink, or the daemon, is other than before'),
    name: has(text, "The uplink's name; ifbalance for what is of all"),
    changes: has(
      record(
        object<{ readonly from: unknown; readonly to: unknown }>({
          from: has(anything, 'What it was; null where that is not known'),
          to: has(anything, 'What it is'),
        }),
      ),
      'By the name of a property',
    ),
  }) as Schema<unknown>,
  removed: object<Of<'removed'>>({
    ...before,
    event: has(constant('removed'), 'An uplink is forgotten'),
    name: has(text, 'Its name'),
  }) as Schema<unknown>,
}

export const monitorLine: Schema<unknown> = either(Object.values(kinds))
