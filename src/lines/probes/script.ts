/** The administrator's own program as a probe. */
import { log } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { isTrusted } from '../../os/trusted.ts'
import type { Egress } from './egress.ts'
import type { Asking } from './prober.ts'

export const script: Asking = {
  how: 'asks',
  bindsTo: 'device',
  needsNames: false,
  ask: ({ egress, target, timeoutMs }) => runScript(egress, target, timeoutMs),
}

/** Runs the program; its exit code 0 says that the line is fine. */
async function runScript(
  { uplink, device, family, source, gateway }: Egress,
  path: string,
  timeoutMs: number,
): Promise<boolean> {
  const problem = isTrusted(path)
  if (problem !== null) {
    log.event({ event: 'failure', doing: 'probing', what: uplink, reason: problem })
    return false
  }
  const args = [uplink, device, family === 'inet' ? '4' : '6', source ?? '', gateway ?? '']
  await run(path, args, { timeoutMs })
  return true
}
