/** What hooks say through hooks/tell, without a start of the program. */
import type { Cause } from '../model/cause.ts'
import { environmentOf, needsRoot, readEvent } from '../sources/event.ts'
import { keepEvent } from '../sources/keep.ts'
import type { Reply, Request } from './control/protocol.ts'

/**
 * Keeps what the hook says and has the kernel brought in line, as `ifbalance hook` does. Wherever there is something to say
 * to who called the hook, it is refused, and the program comes and says it. Throws what the file system throws.
 */
export async function answerHook(
  { hook: kind = '', environment = {} }: Request,
  now: (cause: Cause) => Promise<Reply>,
): Promise<Reply> {
  if (needsRoot(kind)) return refusal
  const event = readEvent(kind, environmentOf(kind, environment))
  if (event.complaints.length > 0) return refusal
  keepEvent(event)
  if (!event.reconcile) return { ok: true, message: 'nothing has changed' }
  const { ok, message } = await now({ kind: 'hook', reason: `${kind} ${event.interface ?? ''}`.trim() })
  return { ok, message }
}

const refusal: Reply = { ok: false, message: 'left to the program' }
