/** `ifbalance status`: the uplinks as they are now. */
import { currentStatus } from '../cli/current-status.ts'
import { paint, print, terminalWidth } from '../cli/output.ts'
import { statusText } from '../cli/status-text.ts'
import { isAllDead } from '../status/status.ts'

export async function run({ verbose, json }: { readonly verbose: boolean; readonly json: boolean }): Promise<number> {
  const { status, errors } = await currentStatus()
  const isDead = isAllDead(status)
  const shown = { verbose, width: terminalWidth(), breaks: process.stdout.isTTY, now: Date.now() }
  print(json ? JSON.stringify(status, null, 2) : statusText(status, paint, shown))
  return errors.length === 0 && !isDead ? 0 : 1
}
