/** Whether dhcpcd made a default route: its hooks get `new_routers` also where its configuration says `nogateway`. */
import { paths } from '../layout.ts'
import { readBeginning } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import type { Environment } from './hook-event.ts'

/** Default routes are the first lines. */
const enough = 64 * 1024

/** The environment of dhcpcd's hook, which it calls when its routes are made (9.4 and 10), and what the kernel has. Never throws. */
export function withDefaultRoute(env: Environment): Environment {
  try {
    const text = readBeginning(paths.mainRoutes, enough)
    return { ...env, DEFAULT_ROUTE: hasDefaultRoute(text, env['interface'] ?? '') ? 'yes' : 'no' }
  } catch (error) {
    log.warning(`reading ${paths.mainRoutes}: ${messageOf(error)}`)
    return env
  }
}

/** In the format of /proc/net/route: interface, destination and gateway in hexadecimal, ..., the mask eighth. */
export function hasDefaultRoute(text: string, device: string): boolean {
  return text.split('\n').some((line) => {
    const words = line.split('\t')
    return words[0]?.trim() === device && words[1] === '00000000' && words[7] === '00000000'
  })
}
