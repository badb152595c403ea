/** The host's sysctls that balancing needs, and their former values. Pure. */
import { hashSysctls, linkSysctls } from '../../layout.ts'
import { isUplinkIn } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import { modeOf } from '../../model/mode.ts'
import type { Observed } from '../../model/observed.ts'
import type { Uplink } from '../../model/uplink.ts'
import { sourceCheckSysctls } from './ruleset/source-check.ts'

/**
 * Wanted values by sysctl name. `rp_filter` is 2, since answers may come in by an uplink that is not the best way back
 * (the larger of this and `all` counts); `ignore_routes_with_linkdown` is 1, since the kernel then skips a dead uplink
 * before anyone has told us. Loose as it is, the filter drops everything while there is no default route, which comes a
 * moment after the address that was with the peer: it is off for such uplinks, and for all devices where our table does its work. Only
 * sysctls that exist, as far as they have been read.
 */
export function decideSysctls(
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): Readonly<Record<string, string>> {
  const { balance, ha, uplinks: sections } = config
  const present = uplinks.filter((uplink) => uplink.index !== null)
  if (present.length === 0) return {}
  const { hash } = modeOf(balance.mode)
  const wanted: [string, string][] = hashSysctls.policies.map((name) => [name, hash.policy])
  if (hash.policy === '3') wanted.push(...hashSysctls.fields.map((name): [string, string] => [name, hash.fields]))
  const mayBeElsewhere = ({ name }: Uplink) =>
    ha !== undefined && sections.some((section) => section.name === name && section.gateway?.inet)
  for (const uplink of present) {
    const of = linkSysctls(uplink.interface)
    if (isUplinkIn('inet', uplink))
      wanted.push([of.rpFilter, mayBeElsewhere(uplink) ? '0' : '2'], [of.ignoreLinkDown.inet, '1'])
    if (isUplinkIn('inet6', uplink)) wanted.push([of.ignoreLinkDown.inet6, '1'])
  }
  const all = { ...Object.fromEntries(wanted), ...sourceCheckSysctls(config, uplinks, observed) }
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in observed.sysctls))
}

/**
 * By sysctl name, the values from before us of everything that we hold: remembered from earlier runs, or what is there
 * now. What we no longer hold stays until its former value is seen to be back. An interface that is gone took its
 * sysctls along. `since`: what an administrator has written since, which counts.
 */
export function formerSysctls(
  wanted: Readonly<Record<string, string>>,
  observed: Observed,
  since: readonly string[] = [],
): Readonly<Record<string, string>> {
  const remembered = Object.entries(observed.state.sysctls).filter(
    ([name, former]) =>
      name in observed.sysctls && !since.includes(name) && (name in wanted || observed.sysctls[name] !== former),
  )
  const fresh = Object.keys(wanted).map((name): [string, string] => [name, observed.sysctls[name] ?? ''])
  return { ...Object.fromEntries(fresh), ...Object.fromEntries(remembered) }
}
