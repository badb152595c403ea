/** `ifbalance explain`: what a new connection would do and why, or what keeps one that exists where it is. */
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { complain, firstSentence } from '../cli/usage-error.ts'
import { userId } from '../config/users.ts'
import { keptConnections } from '../explain/connections.ts'
import { explain } from '../explain/explain.ts'
import { type Asked, readQuestion, type Spoken } from '../explain/question.ts'
import { explanationText } from '../explain/text.ts'
import { log, messageOf } from '../os/log.ts'
import { survey } from '../reconcile/reconcile.ts'

export async function run(spoken: Spoken): Promise<number> {
  const asked = read(spoken)
  if (asked === null) return 2
  if (refusedToOthers('explain')) return 1
  const { config } = settings()
  const { observed, desired, steps } = await survey(config)
  if (asked.connection) {
    const kept = await keptConnections(asked.question, config, desired.uplinks)
    if (asked.json) print(JSON.stringify({ format: 1, connections: kept }, null, 2))
    else for (const { entry, because } of kept) print(printableLines(`${entry}\n  ${because}`))
    if (kept.length === 0) log.warning('there is no such connection')
    return kept.length > 0 ? 0 : 1
  }
  if (steps.length > 0) log.warning('the kernel is not as the configuration says: see ifbalance plan')
  const explanation = await explain(asked.question, { config, observed, desired })
  print(
    asked.json ? JSON.stringify({ format: 1, ...explanation }, null, 2) : printableLines(explanationText(explanation)),
  )
  return 0
}

function read(spoken: Spoken): Asked | null {
  try {
    return readQuestion(spoken, userId)
  } catch (error) {
    complain(firstSentence(messageOf(error)))
    return null
  }
}
