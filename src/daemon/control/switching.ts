/** Replies to whoever takes an uplink out or in, or drains it; see store/switches.ts. Pure. */
import type { Uplink } from '../../model/uplink.ts'
import { isUplinkName } from '../../net/valid.ts'
import type { SwitchVerb } from '../../store/switches.ts'
import { didYouMean } from '../../values/nearest.ts'
import type { Reply } from './protocol.ts'

interface Known {
  readonly name: string
  /** The interface that it has, or had last. */
  readonly interface: string
}

/**
 * The name of the uplink that people call so, by its name or else by its interface; a refusal where there is none. Names
 * are fit for files.
 */
export function uplinkCalled(word: string, known: readonly Known[]): string | Reply {
  const found =
    known.find(({ name }) => name === word) ?? known.find(({ interface: device }) => word !== '' && device === word)
  if (found && isUplinkName(found.name)) return found.name
  const words = known.map(({ name }) => name)
  return { ok: false, misuse: true, message: `there is no uplink "${word.slice(0, 40)}"${didYouMean(word, words)}` }
}

type Switched = Pick<Uplink, 'name' | 'state' | 'drained' | 'lingers'>

/** A refusal where there is nothing to drain; null for all else. */
export function cannotSwitch(verb: SwitchVerb, { name, state }: Switched): Reply | null {
  if (verb !== 'drain' || state !== 'disabled') return null
  return { ok: false, message: `${name} is disabled: it has no new connections already` }
}

/** The reply for what became of it: the configuration has the last word. `uplink` is undefined where it is gone. */
export function switchReply(
  verb: SwitchVerb,
  name: string,
  uplink: Switched | undefined,
  { ok, message }: Reply,
): Reply {
  const stays = (what: string, says: string): Reply => ({ ok: false, message: `${name} stays ${what}: ${says}` })
  if (verb === 'enable' && uplink?.state === 'disabled')
    return stays('disabled', 'its section in the configuration says enabled = no')
  if (verb === 'enable' && uplink?.drained === 'weight') return stays('drained', 'its weight is 0')
  if (!ok) return { ok, message }
  return { ok, message: `${name} is ${uplink ? stateText(uplink) : 'gone'}; ${message}` }
}

function stateText({ state, drained, lingers }: Switched): string {
  if (lingers) return `${state}, and what the drain has left stays while its link does`
  return drained ? `${state} and drained` : state
}
