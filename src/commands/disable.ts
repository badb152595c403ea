/** `ifbalance disable UPLINK`: takes an uplink out, until `enable` or the next boot. */
import { switchUplink } from '../cli/switch-uplink.ts'

export async function run(args: readonly string[]): Promise<number> {
  return switchUplink('disable', args)
}
