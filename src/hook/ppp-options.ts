/** Whether pppd was asked for a default route: it tells its hooks nothing of it. */
import { readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import type { Environment } from './event.ts'

/** The environment of pppd's hook, and what pppd's files and arguments say. Never throws. */
export function withPppOptions(env: Environment): Environment {
  const peer = env['CALL_FILE'] ?? ''
  const isPeer = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,200}$/.test(peer) && !peer.includes('..')
  const isPid = /^\d{1,7}$/.test(env['PPPD_PID'] ?? '')
  const words = [
    ...wordsOf('/etc/ppp/options'),
    ...(isPeer ? wordsOf(`/etc/ppp/peers/${peer}`) : []),
    ...(isPid ? textOf(`/proc/${env['PPPD_PID']}/cmdline`).split('\0') : []),
  ]
  return { ...env, PPP_DEFAULTROUTE: asksForDefaultRoute(words) ? 'yes' : 'no' }
}

/** Of pppd's options in their order; the last one counts. */
export function asksForDefaultRoute(words: readonly string[]): boolean {
  return words.findLast((word) => /^(-|no)?defaultroute$/.test(word)) === 'defaultroute'
}

function wordsOf(path: string): readonly string[] {
  return textOf(path)
    .replaceAll(/#.*/g, '')
    .split(/["'\s]+/)
}

function textOf(path: string): string {
  try {
    return readIfThere(path, 64 * 1024) ?? ''
  } catch (error) {
    log.warning(`reading pppd's options: ${messageOf(error)}`)
    return ''
  }
}
