/** What pppd's hooks would have said of PPP links that were up before we were installed. */
import { networkInterfaces } from 'node:os'
import { basename } from 'node:path'
import { paths } from '../layout.ts'
import { isInterfaceName } from '../net/valid.ts'
import { readIfThere } from '../os/files.ts'
import { log } from '../os/log.ts'
import { leases } from '../store/leases.ts'
import type { Environment } from './hook-event.ts'
import { keepFact } from './keep.ts'
import { readPppEvent } from './ppp.ts'
import { parsePppDatabase } from './ppp-database.ts'
import { argumentsOf, withPppOptions } from './ppp-options.ts'

/**
 * Keeps what is known of each interface that a pppd runs and that no hook has told of. Only root can, as pppd's options
 * are nobody else's to read. Failures are logged.
 */
export function keepEarlierLines(): void {
  for (const [device, addresses = []] of Object.entries(networkInterfaces())) {
    const address = addresses.find(({ family }) => family === 'IPv4')?.address
    if (address === undefined || !isInterfaceName(device) || leases.has(device)) continue
    try {
      const pid = pidOf(device)
      if (pid === null) continue
      const told = { ...toldScripts(pid), PPPD_PID: pid, PPP_LOCAL: address, PPP_PHASE: 'ip-up.d' }
      const env = withPppOptions(told)
      keepFact(device, readPppEvent(device, env).fact)
    } catch (error) {
      log.failure('looking for the pppd of', device, error)
    }
  }
}

/** What pppd told its scripts: name servers, the interface below, names of the line. */
function toldScripts(pid: string): Environment {
  const texts = paths.pppdDatabases.flatMap((path) => readIfThere(path, 1024 * 1024) ?? [])
  return Object.assign({}, ...texts.map((text) => parsePppDatabase(text, pid)))
}

/** The process id of an interface's pppd. The process is looked at, as another program may have the number by now. */
function pidOf(device: string): string | null {
  const files = paths.pppd.flatMap((folder) => readIfThere(`${folder}/${device}.pid`, 64) ?? [])
  const pids = files.flatMap((text) => /^\s*(\d{1,7})\s/.exec(`${text}\n`)?.[1] ?? [])
  return pids.find((pid) => basename(argumentsOf(pid)[0] ?? '') === 'pppd') ?? null
}
