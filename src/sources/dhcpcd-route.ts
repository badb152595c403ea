/** Whether dhcpcd made a default route: its hooks get `new_routers` also where its configuration says `nogateway`. */
import { paths } from '../layout.ts'
import { readBeginning } from '../os/files.ts'
import { log } from '../os/log.ts'
import type { Environment } from './hook-event.ts'

/** Bytes that are read: default routes are the first text lines of the file. */
const enough = 64 * 1024

/**
 * The environment of dhcpcd's hook, with DEFAULT_ROUTE `yes` or `no` by what the kernel has: dhcpcd (9.4 and 10) calls
 * its hook when its routes are made. Never throws.
 */
export function withDefaultRoute(env: Environment): Environment {
  try {
    const text = readBeginning(paths.mainRoutes, enough)
    return { ...env, DEFAULT_ROUTE: hasDefaultRoute(text, env['interface'] ?? '') ? 'yes' : 'no' }
  } catch (error) {
    log.failure('reading', paths.mainRoutes, error)
    return env
  }
}

/**
 * Whether the device has a default route in a text of the format of /proc/net/route: interface, destination and gateway
 * in hexadecimal, ..., the mask eighth.
 */
export function hasDefaultRoute(text: string, device: string): boolean {
  return text.split('\n').some((line) => {
    const words = line.split('\t')
    return words[0]?.trim() === device && words[1] === '00000000' && words[7] === '00000000'
  })
}
