/** `ifbalance status` as text for people. Pure. */
import type { LineHealth } from '../model/health.ts'
import { type LineFigure, type LineFigureName, lineFigures } from '../model/line-figures.ts'
import type { NarrowedBy } from '../model/path-mtu.ts'
import { usableText } from '../model/usable-text.ts'
import type { PathStatus, Status, UplinkStatus } from '../status/status.ts'
import { weightReason } from '../status/weight-reason.ts'
import { type Paint, printableLines, type Style } from './output.ts'
import { type Cell, type Column, layOut } from './table.ts'

const columns: readonly Column[] = [
  { title: 'UPLINK', align: 'left' },
  { title: 'INTERFACE', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SHARE', align: 'right' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'METRIC', align: 'right' },
  { title: 'GATEWAY', align: 'left' },
  { title: 'ADDRESS', align: 'left' },
]

const styles: Readonly<Record<UplinkStatus['state'], Style>> = {
  online: 'green',
  suspect: 'yellow',
  degraded: 'yellow',
  offline: 'red',
  unconfigured: 'yellow',
  down: 'red',
  absent: 'dim',
  disabled: 'dim',
  standby: 'dim',
}

/** The tables of uplinks and lines, and remarks below them; `verbose`: also how large packets may be. */
export function statusText(status: Status, paint: Paint, verbose = false): string {
  const { uplinks } = status
  const table = uplinks.length === 0 ? ['No uplinks.'] : layOut(columns, uplinks.flatMap(rowsOf), paint)
  const names = (status.nameServers ?? []).map(
    ({ asked, answering }) => `Name server ${asked} is dead: ${answering} answers in its place.`,
  )
  return [
    ...table,
    '',
    ...linesText(uplinks, paint),
    ...missesText(uplinks),
    ...weightsText(uplinks),
    ...(verbose ? sizesText(uplinks) : []),
    summary(status),
    ...roleText(status),
    ...names,
    ...remarks(status, paint),
  ].join('\n')
}

const figures = Object.entries(lineFigures) as readonly (readonly [LineFigureName, LineFigure])[]

const lineColumns: readonly Column[] = [
  { title: 'LINE', align: 'left' },
  { title: '', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'SINCE', align: 'left' },
  ...figures.map(([, { title }]) => ({ title, align: 'right' }) as const),
  { title: 'WHY', align: 'left' },
  { title: 'LAST PROBE', align: 'left' },
]

/** The table of lines: what the daemon knows of the internet behind each link, and why there is no link. */
function linesText(uplinks: readonly UplinkStatus[], paint: Paint): readonly string[] {
  const rows = uplinks.flatMap(({ name, state, why, inet, inet6 }) => [
    ...(why !== undefined && (state === 'down' || state === 'unconfigured') ? [noLineRow(name, state, why)] : []),
    ...(inet?.health ? [lineRow(name, 'IPv4', inet.health)] : []),
    ...(inet6?.health ? [lineRow(name, 'IPv6', inet6.health)] : []),
  ])
  return rows.length === 0 ? [] : [...layOut(lineColumns, rows, paint), '']
}

/** What rules ask of lines and these miss. */
function missesText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const lines = uplinks.flatMap(({ name, inet, inet6 }) =>
    [['IPv4', inet] as const, ['IPv6', inet6] as const].flatMap(([family, path]) =>
      Object.entries(path?.health?.misses ?? {}).map(([asked, why]) =>
        printableLines(`For rules with ${asked}, ${name} comes last in ${family}: ${why}.`),
      ),
    ),
  )
  return lines.length === 0 ? [] : [...lines, '']
}

/** The weights and their reasons, where something was found out. */
function weightsText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const isKnown = ({ takes, line }: UplinkStatus) =>
    takes !== undefined || (line && (line.down.sure !== 'unknown' || line.up.sure !== 'unknown'))
  const lines = uplinks.filter(isKnown).flatMap((uplink) => {
    const reason = weightReason(uplink)
    return reason === null ? [] : [`Weight of ${uplink.name}: ${uplink.weight}, ${reason}.`]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

/** How large packets may be by each uplink, and who says so. */
function sizesText(uplinks: readonly UplinkStatus[]): readonly string[] {
  const lines = uplinks.flatMap(({ name, inet, inet6 }) => {
    const texts = [...(inet ? [sizeText(inet, 'IPv4')] : []), ...(inet6 ? [sizeText(inet6, 'IPv6')] : [])]
    return texts.length === 0 ? [] : [`Packets of ${name}: ${texts.join('; ')}.`]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

const sizeReasons: Readonly<Record<NarrowedBy | 'interface', string>> = {
  interface: 'its interface',
  route: 'its route',
  configuration: 'the configuration',
  probes: 'found out by probes',
}

function sizeText({ mtu, mtuBy }: PathStatus, family: string): string {
  return `up to ${mtu} bytes in ${family} (${sizeReasons[mtuBy ?? 'interface']})`
}

function noLineRow(name: string, state: UplinkStatus['state'], why: string): readonly Cell[] {
  const unknown = { text: '-' }
  const start = [{ text: name }, unknown, { text: state, style: styles[state] }]
  return [...start, unknown, ...figures.map(() => unknown), { text: printableLines(why) }, unknown]
}

function figureCell(value: number | null, text: LineFigure['text']): Cell {
  return { text: value === null ? '-' : text(value) }
}

function lineRow(name: string, family: string, health: LineHealth): readonly Cell[] {
  const state = health.state === 'online' && health.degraded ? 'degraded' : health.state
  return [
    ...[{ text: name }, { text: family }, { text: state, style: styles[state] }],
    { text: new Date(health.since).toISOString().replace(/\.\d+Z$/, 'Z') },
    ...figures.map(([name, { text }]) => figureCell(health[name], text)),
    ...printableLines(health.why)
      .split('\n', 1)
      .map((text) => ({ text })),
    ...printableLines(health.lastProbe ?? '-')
      .split('\n', 1)
      .map((text) => ({ text })),
  ]
}

/** Rows for an uplink, one for each family; the second leaves out what both share. */
function rowsOf(uplink: UplinkStatus): readonly (readonly Cell[])[] {
  const { name, interface: device, weight, metric, inet, inet6 } = uplink
  const start = [{ text: name }, { text: device }, stateCell(uplink)]
  const sizes = [{ text: String(weight) }, { text: String(metric) }]
  const first = inet ?? inet6
  if (first === null) return [[...start, { text: '-' }, ...sizes, { text: '-' }, { text: '-' }]]
  const rows = [row(start, sizes, first)]
  return inet === null || inet6 === null ? rows : [...rows, row([none, none, none], [none, none], inet6)]
}

/** A drained uplink that works is one that works: what is of interest is that it is drained. */
function stateCell({ state, drained }: UplinkStatus): Cell {
  const isDrained = drained !== undefined && (state === 'online' || state === 'suspect')
  return isDrained ? { text: 'drained', style: 'yellow' } : { text: state, style: styles[state] }
}

const none: Cell = { text: '' }

function row(start: readonly Cell[], sizes: readonly Cell[], { share, gateway, addresses }: PathStatus) {
  return [...start, { text: percent(share) }, ...sizes, { text: gateway ?? '(direct)' }, { text: someOf(addresses) }]
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function someOf([first = '-', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (+${others.length})`
}

function summary({ mode, daemon, uplinks }: Status): string {
  const online = uplinks.filter(({ state }) => state === 'online').length
  const running = daemon ? 'the daemon is running' : 'no daemon is running: only hooks keep this up to date'
  return `Mode ${mode}, ${online} of ${uplinks.length} uplinks online; ${running}.`
}

function roleText({ pair }: Status): readonly string[] {
  if (!pair) return []
  const { role, why, usable } = pair
  return [printableLines(`One of two routers, ${role}: ${why}${usable === null ? '' : `; ${usableText(usable)}`}.`)]
}

function remarks({ heldDown, pending, warnings }: Status, paint: Paint): readonly string[] {
  const held = heldDown ? ['Held down: nothing is balanced until "ifbalance apply".'] : []
  const behind = heldDown || pending === 0 ? [] : [`${changes(pending)} pending: see "ifbalance plan".`]
  return [...held, ...behind, ...warnings].map((line) => `${paint('yellow', 'Warning:')} ${printableLines(line)}`)
}

function changes(count: number): string {
  return count === 1 ? '1 change is' : `${count} changes are`
}
