/** `ifbalance enable UPLINK`: ends what `disable` began. */
import { switchUplink } from '../cli/switch-uplink.ts'

export async function run({ words }: { readonly words: readonly string[] }): Promise<number> {
  return switchUplink('enable', words)
}
