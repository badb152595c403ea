/** What two routers that pass connections to each other need, and is not ours to set. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Config } from '../model/config.ts'

const name = 'net/netfilter/nf_conntrack_tcp_be_liberal'

/** Text lines, none or one. `read` gives the sysctl's value, null where there is none. */
export function checkPair(
  { ha }: Pick<Config, 'ha'>,
  read: (name: string) => string | null = readSysctl,
): readonly string[] {
  if (!ha || read(name) !== '0') return []
  return [
    `[ha]: ${name.replaceAll('/', '.')} is 0: a router that carries a connection again after its peer takes its packets for invalid`,
  ]
}

function readSysctl(sysctl: string): string | null {
  try {
    return readFileSync(join(paths.sysctl, sysctl), 'utf8').trim()
  } catch {
    return null
  }
}
