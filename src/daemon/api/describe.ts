/** What an object on the bus offers: as values, and as XML (org.freedesktop.DBus.Introspectable). Pure. */
import type { Answer, IncomingCall } from '../../os/dbus/bus.ts'

/** A variant as dbus-next's marshaller wants it: `[signature, value]`. */
export type Variant = readonly [signature: string, value: unknown]

export interface Argument {
  readonly name: string
  readonly type: string
}

export interface Method {
  readonly takes: readonly Argument[]
  readonly gives: readonly Argument[]
  /** Answers a call; its arguments have the types of `takes`. */
  readonly run: (args: readonly unknown[], call: IncomingCall) => Answer | Promise<Answer>
}

export interface Property {
  readonly type: string
  /**
   * `signal`: a change is signalled. `never`: it does not change. `none`: it changes all the time, and is read when
   * somebody asks.
   */
  readonly changes: 'signal' | 'never' | 'none'
  readonly read: () => unknown
}

export interface Interface {
  readonly name: string
  readonly methods: ReadonlyMap<string, Method>
  readonly signals: ReadonlyMap<string, readonly Argument[]>
  readonly properties: ReadonlyMap<string, Property>
}

/** Arguments from `NAME:TYPE`. */
export function takes(...args: readonly string[]): readonly Argument[] {
  return args.map((arg) => {
    const [name = '', type = ''] = arg.split(':')
    return { name, type }
  })
}

export const nothing: ReadonlyMap<string, never> = new Map<string, never>()

/** The XML for an object. Nothing is escaped, as names are our own constants and numbers. */
export function introspect(interfaces: readonly Interface[], children: readonly string[]): string {
  return [
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"',
    ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">',
    '<node>',
    ...interfaces.flatMap(interfaceXml),
    ...children.map((child) => ` <node name="${child}"/>`),
    '</node>',
    '',
  ].join('\n')
}

function interfaceXml({ name, methods, signals, properties }: Interface): readonly string[] {
  return [
    ` <interface name="${name}">`,
    ...[...methods].flatMap(([method, { takes: input, gives }]) =>
      element('method', method, [...input.map(argument('in')), ...gives.map(argument('out'))]),
    ),
    ...[...signals].flatMap(([signal, args]) => element('signal', signal, args.map(argument(null)))),
    ...[...properties].flatMap(([property, { type, changes }]) => propertyXml(property, type, changes)),
    ' </interface>',
  ]
}

function element(kind: string, name: string, inner: readonly string[]): readonly string[] {
  return inner.length === 0 ? [`  <${kind} name="${name}"/>`] : [`  <${kind} name="${name}">`, ...inner, `  </${kind}>`]
}

function argument(direction: 'in' | 'out' | null): (argument: Argument) => string {
  const suffix = direction === null ? '' : ` direction="${direction}"`
  return ({ name, type }) => `   <arg name="${name}" type="${type}"${suffix}/>`
}

const emits = { signal: 'true', never: 'const', none: 'false' } as const

function propertyXml(name: string, type: string, changes: Property['changes']): readonly string[] {
  return [
    `  <property name="${name}" type="${type}" access="read">`,
    `   <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="${emits[changes]}"/>`,
    '  </property>',
  ]
}
