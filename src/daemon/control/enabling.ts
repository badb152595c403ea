/** Replies to whoever takes an uplink out or in; see store/disabled.ts. Pure. */
import { isUplinkName } from '../../net/valid.ts'
import { didYouMean } from '../../values/nearest.ts'
import type { Reply } from './protocol.ts'

/** A refusal where there is no such uplink; null where it is one of `known`, whose names are fit for files. */
export function noSuchUplink(uplink: string, known: readonly string[]): Reply | null {
  if (isUplinkName(uplink) && known.includes(uplink)) return null
  return { ok: false, misuse: true, message: `there is no uplink "${uplink.slice(0, 40)}"${didYouMean(uplink, known)}` }
}

/** The reply for what became of it: a section of the configuration with `enabled = no` has the last word. */
export function enablingReply(
  uplink: string,
  enabled: boolean,
  state: string | undefined,
  { ok, message }: Reply,
): Reply {
  if (enabled && state === 'disabled')
    return { ok: false, message: `${uplink} stays disabled: its section in the configuration says enabled = no` }
  return { ok, message: ok ? `${uplink} is ${state ?? 'gone'}; ${message}` : message }
}
