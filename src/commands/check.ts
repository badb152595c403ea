/**
 * `ifbalance check`: looks at the configuration, the tools, the kernel, and what the host has that is in our way;
 * `ifbalance check FILE...` at files that are to become the configuration.
 */
import { checkFlush } from '../cli/check-flush.ts'
import { checkKernel } from '../cli/check-kernel.ts'
import { checkMptcp } from '../cli/check-mptcp.ts'
import { checkPair } from '../cli/check-pair.ts'
import { checkTools } from '../cli/check-tools.ts'
import { checkTunnels } from '../cli/check-tunnels.ts'
import { checkUnconnected } from '../cli/check-unconnected.ts'
import { checkWishes } from '../cli/check-wishes.ts'
import { type Finding, findingLine } from '../cli/finding.ts'
import { paint, print } from '../cli/output.ts'
import { isRoot } from '../cli/root.ts'
import { configInForce, type InForce } from '../config/in-force.ts'
import { loadFiles } from '../config/load.ts'
import type { Config } from '../model/config.ts'
import { messageOf } from '../os/log.ts'
import { gatewaylessLines } from '../reconcile/decide/warnings/gatewayless.ts'
import { readRivals } from '../reconcile/observe/conflicting-packages.ts'
import { survey } from '../reconcile/reconcile.ts'

export async function run({ words: files }: { readonly words: readonly string[] }): Promise<number> {
  const findings = files.length > 0 ? checkConfig(asInForce(files)) : await checkAll()
  for (const finding of findings) print(findingLine(finding, paint))
  return findings.some(({ level }) => level === 'error') ? 1 : 0
}

async function checkAll(): Promise<readonly Finding[]> {
  const inForce = configInForce()
  const base = [...(await checkTools()), ...(await checkKernel())]
  // Without the tools the host would be seen wrongly.
  const isUsable = base.every(({ level }) => level !== 'error')
  return [...checkConfig(inForce), ...base, ...(isUsable ? await checkHost(inForce.config) : [])]
}

function asInForce(files: readonly string[]): Pick<InForce, 'errors' | 'warnings'> {
  const loaded = loadFiles(files)
  return loaded.ok ? { errors: [], warnings: loaded.warnings } : { errors: loaded.errors, warnings: [] }
}

function checkConfig({ errors, warnings }: Pick<InForce, 'errors' | 'warnings'>): readonly Finding[] {
  const what = 'configuration'
  const found = [
    ...errors.map((message) => ({ level: 'error', what, message }) as const),
    ...warnings.map((message) => ({ level: 'warning', what, message }) as const),
  ]
  return found.length > 0 ? found : [{ level: 'ok', what, message: 'no errors' }]
}

async function checkHost(config: Config): Promise<readonly Finding[]> {
  const what = 'host'
  const finding = (level: Finding['level'], message: string): Finding => ({ level, what, message })
  if (!isRoot()) return [{ level: 'warning', what, message: 'not looked at: only root can' }]
  try {
    const { observed, desired } = await survey(config)
    const warnings = [
      ...desired.warnings.map(({ reason }) => reason),
      ...checkWishes(config, observed),
      ...checkPair(config),
      ...checkTunnels(config, observed),
      ...readRivals().map(({ reason }) => reason),
    ]
    const notes = [
      ...gatewaylessLines(config, desired.uplinks, observed),
      ...checkMptcp(config, observed),
      ...checkFlush(),
      ...(await checkUnconnected(config, desired.uplinks, observed)),
    ]
    const good = notes.map((message) => finding('ok', message))
    if (warnings.length === 0) return [finding('ok', 'nothing is in the way'), ...good]
    return [...warnings.map((message) => finding('warning', message)), ...good]
  } catch (error) {
    return [{ level: 'error', what, message: messageOf(error) }]
  }
}
