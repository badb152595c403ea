/** `ifbalance status`: the uplinks as they are now. */
import { currentStatus } from '../cli/current-status.ts'
import { paint, print } from '../cli/output.ts'
import { statusText } from '../cli/status-text.ts'
import { isWorking } from '../model/uplink.ts'
import type { Status } from '../status/status.ts'

export async function run({ verbose, json }: { readonly verbose: boolean; readonly json: boolean }): Promise<number> {
  const { status, errors } = await currentStatus()
  const isDead = !status.heldDown && isAllDead(status)
  print(json ? JSON.stringify(status, null, 2) : statusText(status, paint, verbose))
  return errors.length === 0 && !isDead ? 0 : 1
}

/** Whether no uplink works of those that are wanted. */
function isAllDead({ uplinks }: Status): boolean {
  const wanted = uplinks.filter(({ state }) => state !== 'disabled')
  return wanted.length > 0 && !wanted.some(isWorking)
}
