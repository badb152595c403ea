/** MPTCP's endpoints and limits: what ip(8) is told, and what it lists. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths, programs } from '../layout.ts'
import type { Mptcp, MptcpEndpoint } from '../model/mptcp.ts'
import type { Step } from '../model/step.ts'
import { familyOf } from '../net/valid.ts'
import { run } from '../os/run.ts'

export type MptcpStep = Extract<Step, { kind: 'add-endpoint' | 'change-endpoint' | 'delete-endpoint' | 'set-subflows' }>

export function isMptcpStep(step: Step): step is MptcpStep {
  return ['add-endpoint', 'change-endpoint', 'delete-endpoint', 'set-subflows'].includes(step.kind)
}

/** The words behind `ip mptcp` that do the step. */
export function mptcpWords(step: MptcpStep): readonly string[] {
  if (step.kind === 'set-subflows') return ['limits', 'set', 'subflows', String(step.subflows)]
  const { id, address, device, flags } = step.endpoint
  if (step.kind === 'delete-endpoint') return ['endpoint', 'delete', 'id', String(id)]
  if (step.kind === 'change-endpoint')
    return ['endpoint', 'change', 'id', String(id), flags.includes('backup') ? 'backup' : 'nobackup']
  return ['endpoint', 'add', address, ...(device === null ? [] : ['dev', device]), 'id', String(id), ...flags]
}

/** Whether the kernel has MPTCP, and new sockets may have it. */
export function hasMptcp(): boolean {
  try {
    return readFileSync(join(paths.sysctl, 'net/mptcp/enabled'), 'utf8').trim() === '1'
  } catch {
    return false
  }
}

/** Whether mptcpd runs as Debian's unit: systemd keeps a control group for a service while that has processes. */
export function runsMptcpd(): boolean {
  return existsSync(join(paths.cgroups, 'system.slice/mptcp.service'))
}

/** What there is. Null where the kernel does not say, as in a container without rights. */
export async function readMptcp(): Promise<Mptcp | null> {
  const input = 'mptcp limits show\nmptcp endpoint show\n'
  const { exitCode, stdout } = await run(programs.ip, ['-batch', '-'], { input, accept: [0, 1, 2, 255] })
  return exitCode === 0 ? parseMptcp(stdout) : null
}

/** `ip mptcp limits` of iproute2 6.1 is text whatever it is asked for, so both are read as text. */
export function parseMptcp(listing: string): Mptcp | null {
  const subflows = /\bsubflows (\d+)/.exec(listing)?.[1]
  if (subflows === undefined) return null
  return { endpoints: listing.split('\n').flatMap((line) => parseEndpoint(line) ?? []), subflows: Number(subflows) }
}

/** `10.1.0.2 id 65 subflow backup dev wan1`; a port stands behind the address. */
function parseEndpoint(line: string): MptcpEndpoint | null {
  const words = line.trim().split(/\s+/)
  const [address = ''] = words
  if (familyOf(address) === null) return null
  const behind = (word: string) => (words.includes(word) ? (words[words.indexOf(word) + 1] ?? null) : null)
  const known = ['subflow', 'signal', 'backup', 'fullmesh', 'laminar', 'implicit']
  return {
    id: Number(behind('id') ?? 0),
    address,
    device: behind('dev'),
    flags: known.filter((flag) => words.includes(flag)).sort(),
  }
}
