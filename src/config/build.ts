/** What the files said -> Config: defaults where they said nothing, and what must hold between sections. Pure. */
import { defaultNumbers, maxUplinks } from '../ids.ts'
import type { Config, UplinkConfig } from '../model.ts'
import { isInterfaceName } from '../valid.ts'
import type { Draft, UplinkDraft } from './parse.ts'
import { quoted, type Report } from './report.ts'

export function buildConfig({ balance, uplinks }: Draft, report: Report): Config {
  const config: Config = {
    balance: {
      mode: balance.mode ?? 'connection',
      adopt: balance.adopt ?? 'auto',
      masquerade: balance.masquerade ?? true,
      lastResort: balance['last-resort'] ?? 'main',
    },
    numbers: {
      markShift: balance['mark-shift'] ?? defaultNumbers.markShift,
      tableBase: balance['table-base'] ?? defaultNumbers.tableBase,
      ruleBase: balance['rule-base'] ?? defaultNumbers.ruleBase,
    },
    uplinks: [...uplinks].map(([name, draft]) => buildUplink(name, draft, report)),
  }
  refuseSharedInterfaces(uplinks, report)
  refuseTooMany(uplinks, report)
  warnOfNoneEnabled(config, uplinks, report)
  return config
}

function buildUplink(name: string, { values, place }: UplinkDraft, report: Report): UplinkConfig {
  if (values.interface === undefined && !isInterfaceName(name)) {
    report.error(place, `no interface: expected interface = ..., as ${quoted(name)} cannot be an interface's name`)
  }
  return { name, ...values, interface: values.interface ?? name, enabled: values.enabled ?? true }
}

/** The first section that matches an interface wins, so a second one with the same could never be used. */
function refuseSharedInterfaces(uplinks: Draft['uplinks'], report: Report): void {
  const owners = new Map<string, string>()
  for (const [name, { values, place }] of uplinks) {
    const key = values.interface ?? name
    const owner = owners.get(key)
    if (owner === undefined) owners.set(key, name)
    else report.error(place, `${quoted(key)} belongs to [uplink ${owner}] already: expected another interface`)
  }
}

function refuseTooMany(uplinks: Draft['uplinks'], report: Report): void {
  const next = [...uplinks.values()][maxUplinks]
  if (next !== undefined) report.error(next.place, `${uplinks.size} uplinks: expected at most ${maxUplinks}`)
}

function warnOfNoneEnabled({ balance, uplinks }: Config, drafts: Draft['uplinks'], report: Report): void {
  const first = [...drafts.values()][0]
  if (first === undefined || balance.adopt === 'auto' || uplinks.some(({ enabled }) => enabled)) return
  report.warn(first.place, 'no uplink is enabled, and adopt = listed takes no other')
}
