/** `ifbalance connections` as text for people. Pure. */

import { hostPort } from '../net/target.ts'
import type { Connections, FamilyConnections, UplinkConnections } from '../status/connections.ts'
import { type MptcpConnection, subflowsText } from '../status/mptcp.ts'
import type { Paint } from './output.ts'
import { type Cell, type Column, layOut } from './table.ts'

const columns: readonly Column[] = [
  { title: 'UPLINK', align: 'left' },
  { title: '', align: 'left' },
  { title: 'SHARE', align: 'right' },
  { title: 'LEFT', align: 'right' },
  { title: 'CAME IN', align: 'right' },
]
const byteColumns: readonly Column[] = [
  { title: 'SENT', align: 'right' },
  { title: 'RECEIVED', align: 'right' },
]

/** The table, and remarks below it; columns for bytes only where the kernel counts them. */
export function connectionsText(connections: Connections, paint: Paint): string {
  const { uplinks, others } = connections
  const all = uplinks.flatMap(({ inet, inet6 }) => [inet, inet6])
  const total = all.reduce((sum, family) => sum + family.out + family.in, 0)
  const counted = all.reduce((sum, { bytes }) => sum + (bytes?.connections ?? 0), 0)
  const rows = uplinks.flatMap((uplink) => rowsOf(uplink, counted > 0))
  const table =
    rows.length === 0 ? ['No uplinks.'] : layOut(counted > 0 ? [...columns, ...byteColumns] : columns, rows, paint)
  const elsewhere = others.inet + others.inet6
  return [
    ...table,
    '',
    `${connectionsAre(total)} on uplinks now; ${elsewhere} elsewhere, as within the host and its LANs.`,
    ...remarkOnBytes(total, counted),
    ...mptcpLines(connections.mptcp),
  ].join('\n')
}

/** Rows for an uplink, one for each family; IPv6 only where it has connections. */
function rowsOf({ name, number, inet, inet6 }: UplinkConnections, withBytes: boolean): readonly (readonly Cell[])[] {
  const label = name ?? `(number ${number}, gone)`
  const first = row(label, 'IPv4', inet, withBytes)
  return inet6.out + inet6.in === 0 ? [first] : [first, row('', 'IPv6', inet6, withBytes)]
}

function row(label: string, family: string, { out, in: cameIn, share, bytes }: FamilyConnections, withBytes: boolean) {
  const texts = [label, family, `${Math.round(share * 100)} %`, String(out), String(cameIn)]
  const amounts = withBytes ? [amount(bytes?.sent), amount(bytes?.received)] : []
  return [...texts, ...amounts].map((text): Cell => ({ text }))
}

/** How many MPTCP connections are shown; all are in JSON. */
const mostShown = 20

function mptcpLines(connections: readonly MptcpConnection[]): readonly string[] {
  if (connections.length === 0) return []
  const shown = connections.slice(0, mostShown).map(({ peer, subflows }) => {
    const parts = subflowsText(subflows, ({ sent, received }) => `${amount(received)} received, ${amount(sent)} sent`)
    return `  ${hostPort(peer)}  ${parts.replaceAll('), ', '); ')}`
  })
  const rest = connections.length - shown.length
  const title = connections.length === 1 ? '1 MPTCP connection' : `${connections.length} MPTCP connections`
  return ['', `${title} of this host, with subflows by:`, ...shown, ...(rest > 0 ? [`  ... and ${rest} more`] : [])]
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

function amount(bytes: number | undefined): string {
  if (bytes === undefined) return '-'
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`
}

function connectionsAre(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`
}

function remarkOnBytes(total: number, counted: number): readonly string[] {
  if (counted === total) return []
  const which = counted === 0 ? 'of none of them' : `of ${counted} of them`
  return [`The kernel counts bytes ${which}; sysctl -w net.netfilter.nf_conntrack_acct=1 has it count all new ones.`]
}
