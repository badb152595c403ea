/** `ifbalance disable UPLINK`: takes an uplink out, until `enable` or the next boot. */
import { switchUplink } from '../cli/switch-uplink.ts'

export async function run({ words }: { readonly words: readonly string[] }): Promise<number> {
  return switchUplink('disable', words)
}
