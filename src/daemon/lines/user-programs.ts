/**
 * Runs the administrator's programs of /etc/ifbalance/hooks.d for one change. The daemon hands that over to a process that
 * systemd starts outside of its sandbox, where what they call may be set-gid, as mail programs are.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import { isHookName } from '../../net/valid.ts'
import { Failure, hasCode } from '../../os/error.ts'
import { handOver } from '../../os/handover.ts'
import { messageOf } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { isTrusted } from '../../os/trusted.ts'
import { listOf, objectOf, stringOf } from '../../values/checked.ts'

const timeoutMs = 10_000
const mostPrograms = 50
const mostCharacters = 4000
/** As RuntimeMaxSec= of the unit. */
const answerMs = 600_000

/** What programs find in their environment. Nothing else is ever handed to them. */
const variables = [
  ...['UPLINK', 'INTERFACE', 'STATE', 'PREVIOUS_STATE', 'REASON'],
  ...['ROLE', 'PREVIOUS_ROLE', 'USABLE'],
] as const

export type Change = Readonly<Record<string, string>>

/** A program that was left out, or has failed, and why. */
export interface Complaint {
  readonly hook: string
  readonly reason: string
  /** It is the same at every change. */
  readonly isLasting?: true
}

/** Has the programs run, by systemd, or, where it has no such socket, from here. Never throws. */
export async function callUserPrograms(folder: string, change: Change): Promise<readonly Complaint[]> {
  try {
    if (namesIn(folder).length === 0) return []
    const answer = await handOver(paths.hooksSocket, JSON.stringify(change), answerMs)
    return answer === null ? await runPrograms(folder, change) : complaintsIn(answer)
  } catch (error) {
    return [{ hook: folder, reason: `${folder}: ${messageOf(error)}` }]
  }
}

/** The other end: runs the programs for what was handed over, and gives the answer. Never throws. */
export async function runHandedOver(request: string): Promise<string> {
  const folder = paths.userHooks
  try {
    return `${JSON.stringify(await runPrograms(folder, changeIn(request)))}\n`
  } catch (error) {
    return `${JSON.stringify([{ hook: folder, reason: `${folder}: ${messageOf(error)}` }])}\n`
  }
}

/** The environment that a request asks for. Throws where it has anything but our variables, and texts that an environment can have. */
export function changeIn(request: string): Change {
  const entries = Object.entries(objectOf(JSON.parse(request)))
  for (const [name, value] of entries) {
    const isOurs = variables.some((one) => one === name)
    if (!isOurs || typeof value !== 'string' || value.length > mostCharacters || value.includes('\0'))
      throw new Failure('malformed', 'no change of an uplink or a role')
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, stringOf(value)]))
}

/** One after the other, each for ten seconds at most. */
async function runPrograms(folder: string, env: Change): Promise<readonly Complaint[]> {
  const complaints: Complaint[] = []
  for (const name of namesIn(folder)) {
    const hook = join(folder, name)
    if (!isHookName(name)) {
      complaints.push({
        ...{ hook, reason: `${hook}: left out, expected a name of letters, digits, _ and -`, isLasting: true },
      })
      continue
    }
    const problem = isTrusted(hook)
    if (problem !== null) complaints.push({ hook, reason: `${hook}: left out, ${problem}` })
    else
      await run(hook, [], { env, timeoutMs, maxOutput: 64 * 1024 }).catch((error: unknown) => {
        complaints.push({ hook, reason: messageOf(error) })
      })
  }
  return complaints
}

/** What is in the folder, in the order of run-parts(8). */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort().slice(0, mostPrograms)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

function complaintsIn(answer: string): readonly Complaint[] {
  return listOf(JSON.parse(answer)).map((one) => {
    const { hook, reason, isLasting } = objectOf(one)
    return { hook: stringOf(hook), reason: stringOf(reason), ...(isLasting === true && { isLasting }) }
  })
}
