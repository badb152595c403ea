/**
 * Runs steps: files, sysctls, one nft transaction, one ip batch a family, and the nft table's removal last.
 *
 * The transaction may precede the routes and rules: a mark that no rule knows changes nothing. `ip -batch` is not atomic,
 * but every beginning of its lines carries traffic (diff.ts has the order) and the next run goes on from there.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths, programs } from '../ids.ts'
import type { Family, State, Step } from '../model.ts'
import { parseState } from '../observe/state.ts'
import { readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import { isNoted, writeNote } from '../os/notes.ts'
import { run } from '../os/run.ts'
import { forgettingCommands } from './forgetting.ts'
import { type IpStep, ipLine, isIpStep } from './ip-lines.ts'
import { deleteRuleset, replaceRuleset } from './nft-text.ts'

/** Throws at the first program that fails; what has been done by then stays. */
export async function apply(steps: readonly Step[]): Promise<void> {
  for (const step of steps) writeDown(step)
  for (const step of steps) if (step.kind === 'set-sysctl' && mayUndo(step)) setSysctl(step.name, step.value)
  for (const step of steps) if (step.kind === 'load-ruleset') await nft(replaceRuleset(step.ruleset, step.former))
  const ipSteps = steps.filter(isIpStep)
  await Promise.all([batch('inet', ipSteps), batch('inet6', ipSteps)])
  if (steps.some((step) => step.kind === 'delete-ruleset')) await nft(deleteRuleset)
}

/**
 * Deletes the connections of what went away, so that both ends notice and connect anew: forwarded ones out of the
 * connection table, by mark, and this host's own sockets, by address. A million of the former take 11 s (Linux 6.18):
 * nothing waits for this. Failures are logged.
 */
export async function forgetConnections(steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind !== 'forget-connections') continue
    for (const [program, ...args] of forgettingCommands(step)) {
      try {
        // conntrack: 1 says that there was none. ss: kernels without CONFIG_INET_DIAG_DESTROY refuse.
        await run(program, args, { accept: [0, 1, 255], timeoutMs: 120_000 })
      } catch (error) {
        log.warning(`forgetting the connections of ${step.uplink}: ${messageOf(error)}`)
      }
    }
  }
}

/** Without these files the numbers come back from the kernel's rules: a full /run is no reason to leave uplinks idle. */
function writeDown(step: Step): void {
  if (step.kind === 'remember') writeNote(paths.state, isEmpty(step.state) ? '' : `${JSON.stringify(step.state)}\n`)
  if (step.kind === 'name-tables') writeNote(paths.tableNames, step.text)
}

/**
 * Whether this can be undone by a later run. Only sysctls need memory for that: their former values are nowhere but in the
 * file, and where that cannot be written, a run that ends soon leaves alone what the file does not have.
 */
export function mayUndo(step: Step): boolean {
  if (step.kind !== 'set-sysctl' || isNoted(paths.state)) return true
  return step.name in parseState(readIfThere(paths.state)).sysctls
}

function isEmpty({ uplinks, sysctls, numbers }: State): boolean {
  return Object.keys(uplinks).length === 0 && Object.keys(sysctls).length === 0 && numbers === undefined
}

function setSysctl(name: string, value: string): void {
  try {
    writeFileSync(join(paths.sysctl, name), value)
  } catch (error) {
    throw new Error(`setting ${name} to ${value}: ${messageOf(error)}`)
  }
}

async function nft(text: string): Promise<void> {
  await run(programs.nft, ['-f', '-'], { input: text })
}

async function batch(family: Family, steps: readonly IpStep[]): Promise<void> {
  const lines = steps.filter((step) => familyOf(step) === family).map(ipLine)
  if (lines.length === 0) return
  try {
    await run(programs.ip, [family === 'inet' ? '-4' : '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  } catch (error) {
    const failed = /Command failed -:(\d+)/.exec(messageOf(error))?.[1]
    throw new Error(`${messageOf(error)}: ${lines[Number(failed) - 1] ?? 'unknown line'}`)
  }
}

function familyOf(step: IpStep): Family {
  return 'route' in step ? step.route.family : step.rule.family
}
