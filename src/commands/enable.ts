/** `ifbalance enable UPLINK`: ends what `disable` began. */
import { switchUplink } from '../cli/switch-uplink.ts'

export async function run(args: readonly string[]): Promise<number> {
  return switchUplink('enable', args)
}
