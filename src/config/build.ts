/** What the files said -> Config: defaults where they said nothing, and what must hold between sections. Pure. */
import { daemonUser, maxUplinks } from '../layout.ts'
import type { Config, HaConfig, NotifyConfig, ProbeConfig, QuotaConfig, UplinkConfig } from '../model/config.ts'
import { modeOf } from '../model/mode.ts'
import { isWanted } from '../model/notify.ts'
import { probeKinds } from '../model/probe-kind.ts'
import { isInterfaceName } from '../net/valid.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import { buildRules } from './build-rules.ts'
import type { Draft, UplinkDraft } from './draft.ts'
import { partOf } from './key.ts'
import { sectionKeys } from './keys.ts'
import { type Diagnostics, quoted } from './values/diagnostics.ts'
import type { Outside } from './values/outside.ts'
import { isTargetOf } from './values/probe-values.ts'

/** The whole configuration. Errors are reported, and defaults stand for what they are about. */
export function buildConfig(draft: Draft, outside: Outside, report: Diagnostics): Config {
  const { balance, uplinks, rules } = draft
  const balancing = partOf('balance', sectionKeys.balance, balance)
  const config: Config = {
    balance: balancing,
    layout: partOf('layout', sectionKeys.balance, balance),
    ...(draft.ha && { ha: buildHa(draft.ha, report) }),
    ...(draft.notify && { notify: buildNotify(draft.notify, report) }),
    uplinks: [...uplinks].map(([name, draft]) => buildUplink(name, draft, report)),
    rules: buildRules(rules, [...uplinks.keys()], outside, report),
    ...(rules.size > 0 || modeOf(balancing.mode).ruleForAll === 'both'
      ? omitUndefined({ probeUser: outside.userId(daemonUser) ?? undefined })
      : {}),
  }
  refuseSpreadOfClients(config, draft, report)
  refuseSharedInterfaces(uplinks, report)
  refuseSharedNumbers(uplinks, report)
  refuseTooMany(uplinks, report)
  warnOfNoneEnabled(config, uplinks, report)
  warnOfUnusedSources(config, uplinks, report)
  return config
}

function buildHa({ values, place }: NonNullable<Draft['ha']>, report: Diagnostics): HaConfig {
  const { address = null, ...times } = partOf('ha', sectionKeys.ha, values)
  if (address === null) report.error(place, "expected address = ..., the LAN's address that both routers share")
  return { address, ...times }
}

function buildNotify({ values, place }: NonNullable<Draft['notify']>, report: Diagnostics): NotifyConfig {
  const notify = partOf('notify', sectionKeys.notify, values)
  if (!isWanted(notify)) report.warn(place, 'nobody is told: expected mail, command or webhook')
  return notify
}

function buildUplink(name: string, { values, place }: UplinkDraft, report: Diagnostics): UplinkConfig {
  if (values.interface === undefined && !isInterfaceName(name)) {
    report.error(place, `no interface: expected interface = ..., as ${quoted(name)} cannot be an interface's name`)
  }
  const probe = buildProbe(values, place, report)
  const quota = buildQuota(values, place, report)
  return {
    ...{ name, interface: name },
    ...partOf('uplink', sectionKeys.uplink, values),
    ...(Object.keys(probe).length > 0 ? { probe } : {}),
    ...(quota ? { quota } : {}),
  }
}

function buildProbe(values: UplinkDraft['values'], place: UplinkDraft['place'], report: Diagnostics): ProbeConfig {
  const targets = values['probe-targets']
  const kind = values.probe ?? 'icmp'
  const wrong = targets?.find((target) => !isTargetOf(kind, target))
  if (wrong !== undefined) report.error({ ...place, key: 'probe-targets' }, `${quoted(wrong)}: not for probe = ${kind}`)
  if (probeKinds[kind] === 'script' && targets?.length !== 1)
    report.error(place, `probe = ${kind}: expected probe-targets = the path of one script`)
  return partOf('probe', sectionKeys.uplink, values)
}

function buildQuota(
  values: UplinkDraft['values'],
  place: UplinkDraft['place'],
  report: Diagnostics,
): QuotaConfig | null {
  const { bytes, ...terms } = partOf('quota', sectionKeys.uplink, values)
  if (bytes !== undefined) return { bytes, ...terms }
  if (values['quota-reset-day'] !== undefined || values['at-quota'] !== undefined)
    report.error(place, 'expected quota = ... as well')
  return null
}

/** Refuses `spread` where clients are to stay on their uplink, or the first uplink is to have all. */
function refuseSpreadOfClients({ balance }: Config, { spreadPlace }: Draft, report: Diagnostics): void {
  const { spread, mode } = balance
  if (spread === undefined || spreadPlace === undefined || modeOf(mode).mayReweigh) return
  report.error(spreadPlace, `spread = ${spread} is nothing for mode = ${mode}: expected mode = connection or random`)
}

/**
 * Refuses sections with the same interface. The first section that matches an interface wins, so the second could never
 * be used.
 */
function refuseSharedInterfaces(uplinks: Draft['uplinks'], report: Diagnostics): void {
  const owners = new Map<string, string>()
  for (const [name, { values, place }] of uplinks) {
    const key = values.interface ?? name
    const owner = owners.get(key)
    if (owner === undefined) owners.set(key, name)
    else report.error(place, `${quoted(key)} belongs to [uplink ${owner}] already: expected another interface`)
  }
}

/** Refuses sections with the same number: a mark would mean two uplinks. The later section has one that is free. */
function refuseSharedNumbers(uplinks: Draft['uplinks'], report: Diagnostics): void {
  const owners = new Map<number, string>()
  for (const [name, { values, place }] of uplinks) {
    const { number } = values
    if (number === undefined) continue
    const owner = owners.get(number)
    if (owner === undefined) owners.set(number, name)
    else
      report.error(
        { ...place, key: 'number' },
        `${number} is the number of [uplink ${owner}] already: expected another`,
      )
  }
}

function refuseTooMany(uplinks: Draft['uplinks'], report: Diagnostics): void {
  const next = [...uplinks.values()][maxUplinks]
  if (next !== undefined) report.error(next.place, `${uplinks.size} uplinks: expected at most ${maxUplinks}`)
}

function warnOfUnusedSources({ balance, uplinks }: Config, drafts: Draft['uplinks'], report: Diagnostics): void {
  for (const { name, source, masquerade = balance.masquerade } of uplinks) {
    const place = drafts.get(name)?.place
    if (place && source && masquerade === 'no')
      report.warn({ ...place, key: 'source' }, 'nothing is translated, as masquerade = no says')
  }
}

function warnOfNoneEnabled({ balance, uplinks }: Config, drafts: Draft['uplinks'], report: Diagnostics): void {
  const first = [...drafts.values()][0]
  if (first === undefined || balance.adopt === 'auto' || uplinks.some(({ enabled }) => enabled)) return
  report.warn(first.place, 'no uplink is enabled, and adopt = listed takes no other')
}
