/**
 * Runs steps: files, sysctls, the nft table, one ip batch a family, and the nft table's removal last.
 *
 * The table may precede the routes and rules: a mark that no rule knows changes nothing. `ip -batch` is not atomic,
 * but every beginning of a batch carries traffic (diff.ts has the order), and the next run goes on from there.
 */
import { closeSockets, forgettingCommands } from '../../kernel/conntrack/forgetting.ts'
import { forgetSealed } from '../../kernel/conntrack/sealed.ts'
import { readOwnFlows } from '../../kernel/conntrack/udp-flows.ts'
import { forgetStranded, forgetUntranslated } from '../../kernel/conntrack/untranslated.ts'
import { type IpStep, ipLine, isIpStep } from '../../kernel/iproute/batch.ts'
import { refusedLines } from '../../kernel/iproute/batch-refusals.ts'
import { isMptcpStep, type MptcpStep, mptcpWords } from '../../kernel/mptcp.ts'
import { dropLatePackets } from '../../kernel/nft/late-packets.ts'
import { deleteRuleset, loadingTransactions } from '../../kernel/nft/table.ts'
import { refusalText } from '../../kernel/refusal-text.ts'
import { peersElsewhere } from '../../kernel/sockets/sockets.ts'
import { writeSysctl } from '../../kernel/sysctls.ts'
import { programs } from '../../layout.ts'
import type { Step } from '../../model/step.ts'
import { begunBy } from '../../model/tunnel.ts'
import type { Family } from '../../net/family.ts'
import { hasAddress } from '../../os/addresses.ts'
import { log, messageOf } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { isFormerSaved, saveState } from '../../store/state.ts'
import { saveTableNames } from '../../store/table-names.ts'
import type { Refusal } from './refusals.ts'

/**
 * Runs the steps in their order. A step that is refused costs only itself and is in the result, with one exception:
 * where nft refuses the table, no new route or rule leads to what the table lacks. Throws where a program cannot be
 * run; what was done by then stays.
 */
export async function apply(steps: readonly Step[]): Promise<readonly Refusal[]> {
  for (const step of steps) writeDown(step)
  const sysctls = steps.flatMap((step) => (step.kind === 'set-sysctl' && mayUndo(step) ? setSysctl(step) : []))
  for (const step of steps) {
    if (step.kind !== 'load-ruleset') continue
    for (const text of loadingTransactions(step.ruleset, step.former)) {
      const why = await refusalByNft(text)
      if (why !== null) return [...sysctls, { step, why }]
    }
  }
  const ipSteps = steps.filter(isIpStep)
  const refused = await Promise.all([batch('inet', ipSteps), batch('inet6', ipSteps)])
  const endpoints = await setEndpoints(steps.filter(isMptcpStep))
  if (steps.some((step) => step.kind === 'delete-ruleset')) await nft(deleteRuleset)
  return [...sysctls, ...refused.flat(), ...endpoints]
}

/**
 * Ends the connections of what went away, so that both ends notice and connect anew: forwarded ones by mark, out of the
 * connection table, and sockets of this host by address. Nothing waits for it, as a million forwarded ones take 11 s
 * (Linux 6.18). So what was to end may be back before its turn: steps that `isDue` denies are left out. Failures are logged.
 */
export async function flushConnections(
  steps: readonly Step[],
  isDue: (step: Step) => boolean = () => true,
): Promise<void> {
  for (const step of steps) {
    if (!isDue(step)) continue
    if (step.kind === 'forget-untranslated')
      await attempt('connections that nobody translated', () => forgetUntranslated(step))
    if (step.kind === 'forget-stranded')
      await attempt('connections with an address that is not here', () => forgetStranded(step))
    if (step.kind === 'forget-sealed') await attempt('connections that IPsec is to seal', () => forgetSealed(step))
    if (step.kind !== 'forget-connections' && step.kind !== 'close-sockets') continue
    if (step.kind === 'forget-connections') await attempt('what comes late', () => dropWhatComesLate(step))
    const commands =
      step.kind === 'close-sockets'
        ? step.addresses.filter((address) => !hasAddress(address)).map((address) => closeSockets(address))
        : forgettingCommands(step, await sparedBy(step))
    for (const [program, ...args] of commands) {
      if (!isDue(step)) break
      try {
        // conntrack exits with 1 where there was none; ss does where the kernel lacks CONFIG_INET_DIAG_DESTROY.
        await run(program, args, { accept: [0, 1, 255], timeoutMs: 120_000 })
      } catch (error) {
        log.failure('forgetting the connections of', step.uplink, error)
      }
    }
  }
}

/** Before its connections are deleted: what their peers send after that is no question. */
async function dropWhatComesLate({ family, mark, mask, addresses = [] }: ForgetConnections): Promise<void> {
  if (family === undefined || addresses.length === 0) return
  const flows = await readOwnFlows(family, { mark, mask }, hasAddress)
  await dropLatePackets(family, flows.filter(({ answeredAt }) => addresses.includes(answeredAt)).map(begunBy))
}

/**
 * Peers by address whose connections are spared. Where they cannot be told, none are: what hangs on a dead line is
 * worse off than what has to connect anew.
 */
async function sparedBy({ uplink, addresses = [], device }: ForgetConnections): Promise<Spared> {
  try {
    const peers = async (address: string) =>
      [address, device === undefined ? [] : await peersElsewhere(address, device)] as const
    return new Map(await Promise.all(addresses.map(peers)))
  } catch (error) {
    log.failure('asking which connections do not leave by', uplink, error)
    return new Map()
  }
}

type ForgetConnections = Extract<Step, { kind: 'forget-connections' }>
type Spared = ReadonlyMap<string, readonly string[]>

async function attempt(what: string, forget: () => Promise<void>): Promise<void> {
  try {
    await forget()
  } catch (error) {
    log.failure('forgetting', what, error)
  }
}

/**
 * Writes to our own files. A full /run is no reason to leave uplinks idle: without these files the numbers come back
 * from the kernel's rules.
 */
function writeDown(step: Step): void {
  if (step.kind === 'remember') saveState(step.state)
  if (step.kind === 'name-tables') saveTableNames(step.text)
}

/**
 * Whether a later run can undo the step. Only sysctls need memory for that, as their former values are nowhere but in
 * the state file. Where that cannot be written, a run that ends soon leaves sysctls alone that the file does not have.
 */
export function mayUndo(step: Step): boolean {
  return step.kind !== 'set-sysctl' || isFormerSaved(step.name)
}

function setSysctl(step: Extract<Step, { kind: 'set-sysctl' }>): readonly Refusal[] {
  try {
    writeSysctl(step.name, step.value)
    return []
  } catch (error) {
    return [{ step, why: messageOf(error) }]
  }
}

async function nft(text: string): Promise<void> {
  await run(programs.nft, ['-f', '-'], { input: text })
}

/**
 * Why nft refuses the table; null where it takes it. A time-out is no refusal: it throws, as everything does that
 * cannot be run.
 */
async function refusalByNft(text: string): Promise<string | null> {
  const { exitCode, stderr } = await run(programs.nft, ['-f', '-'], { input: text, accept: [0, 1] })
  return exitCode === 0 ? null : refusalText(stderr)
}

/** One program each: they are few, and ip(8) ends a batch of these at the first that is refused. */
async function setEndpoints(steps: readonly MptcpStep[]): Promise<readonly Refusal[]> {
  const refused: Refusal[] = []
  for (const step of steps) {
    const { exitCode, stderr } = await run(programs.ip, ['mptcp', ...mptcpWords(step)], { accept: [0, 1, 2, 255] })
    if (exitCode !== 0) refused.push({ step, why: refusalText(stderr) })
  }
  return refused
}

/**
 * Runs steps as batches of ip(8). `-force` goes on behind a refused item, and says which it was. A nexthop of several
 * that cannot be read, as its device is gone, ends the program without another word (parse_nexthops() of iproute2), so
 * what comes behind such a route is a batch of its own.
 */
async function batch(family: Family, steps: readonly IpStep[]): Promise<readonly Refusal[]> {
  const refused: Refusal[] = []
  for (const part of partsOf(steps.filter((step) => familyOf(step) === family))) {
    const input = `${part.map(ipLine).join('\n')}\n`
    const flags = [family === 'inet' ? '-4' : '-6', '-force', '-batch', '-']
    const { exitCode, stderr } = await run(programs.ip, flags, { input, accept: [0, 1, 2, 255] })
    refused.push(...refusedLines(part, stderr, exitCode).map(({ item: step, why }) => ({ step, why })))
  }
  return refused
}

function partsOf(steps: readonly IpStep[]): readonly (readonly IpStep[])[] {
  const ends = steps.flatMap((step, index) => ('route' in step && step.route.nexthops.length > 1 ? [index + 1] : []))
  const bounds = [0, ...ends, steps.length]
  return bounds.slice(1).flatMap((end, i) => (end > (bounds[i] ?? 0) ? [steps.slice(bounds[i], end)] : []))
}

function familyOf(step: IpStep): Family {
  return 'route' in step ? step.route.family : step.rule.family
}
