/** Names of uplinks that may be gone, as in the history and the journal. */
import { uplinkCalled } from '../daemon/control/switching.ts'
import { loadState } from '../store/state.ts'

/** The name of an uplink that is called by its interface; any other word is as good as a name. */
export function knownName(word: string): string {
  const known = Object.entries(loadState().uplinks).map(([name, { interface: device }]) => ({
    name,
    interface: device,
  }))
  const found = uplinkCalled(word, known)
  return typeof found === 'string' ? found : word
}
