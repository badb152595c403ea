/** `ifbalance check`: looks at the configuration, the tools, the kernel, and what the host has that is in our way. */
import { checkKernel } from '../cli/check-kernel.ts'
import { checkTools } from '../cli/check-tools.ts'
import { type Finding, findingLine } from '../cli/finding.ts'
import { paint, print } from '../cli/output.ts'
import { isRoot } from '../cli/root.ts'
import { readFlags } from '../cli/usage-error.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Config } from '../model.ts'
import { readRivals } from '../observe/rivals.ts'
import { messageOf } from '../os/log.ts'
import { survey } from '../reconcile.ts'

export async function run(args: readonly string[]): Promise<number> {
  if (readFlags(args) === null) return 2
  const loaded = loadConfig()
  const findings = [...checkConfig(loaded), ...(await checkTools()), ...(await checkKernel())]
  const usable = findings.every(({ level }) => level !== 'error')
  // Without the tools, or with another configuration, the host would be seen wrongly.
  const all = loaded.ok && usable ? [...findings, ...(await checkHost(loaded.config))] : findings
  for (const finding of all) print(findingLine(finding, paint))
  return all.some(({ level }) => level === 'error') ? 1 : 0
}

function checkConfig(loaded: LoadedConfig): readonly Finding[] {
  const what = 'configuration'
  if (!loaded.ok) return loaded.errors.map((message) => ({ level: 'error', what, message }))
  const warnings = loaded.warnings.map((message) => ({ level: 'warning', what, message }) as const)
  return warnings.length > 0 ? warnings : [{ level: 'ok', what, message: 'no errors' }]
}

async function checkHost(config: Config): Promise<readonly Finding[]> {
  const what = 'host'
  if (!isRoot()) return [{ level: 'warning', what, message: 'not looked at: only root can' }]
  try {
    const { desired } = await survey(config)
    const warnings = [...desired.warnings, ...readRivals()]
    if (warnings.length === 0) return [{ level: 'ok', what, message: 'nothing is in the way' }]
    return warnings.map((message) => ({ level: 'warning', what, message }))
  } catch (error) {
    return [{ level: 'error', what, message: messageOf(error) }]
  }
}
