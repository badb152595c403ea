/** What the configuration wants and this host does not have: no error, as it may come. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { optionalPrograms, paths } from '../layout.ts'
import type { Config } from '../model/config.ts'
import { qualityText } from '../model/line-quality.ts'
import { isWanted } from '../model/notify.ts'
import type { Observed } from '../model/observed.ts'
import { matchesPattern } from '../net/patterns.ts'
import { isHookName } from '../net/valid.ts'
import { isSystemdRunning } from '../os/dbus/scope.ts'
import { isTrusted } from '../os/trusted.ts'

/** Text lines, one for each such wish. */
export function checkWishes(config: Config, { links }: Pick<Observed, 'links'>): readonly string[] {
  const missing = config.uplinks
    .filter((uplink) => uplink.enabled && !links.some(({ name }) => matchesPattern(uplink.interface, name)))
    .map(({ name, interface: device }) => `uplink ${name}: there is no interface ${device} now`)
  const filled = config.rules.filter(({ match }) => match.domains).map(({ name }) => name)
  const unfilled =
    filled.length > 0 && !existsSync(optionalPrograms.dnsmasq)
      ? [`rule ${filled.join(', ')}: domain matches nothing without dnsmasq, which is not installed`]
      : []
  return [...missing, ...unfilled, ...unmeasured(config), ...unsent(config), ...leftOutHooks()]
}

/** Rules that ask for quality of lines that nobody probes. */
function unmeasured({ balance, uplinks, rules }: Config): readonly string[] {
  const isUnprobed = (uplink: string) =>
    balance.probe === 'none' || uplinks.find(({ name }) => name === uplink)?.probe?.kind === 'none'
  return rules.flatMap(({ name, use }) => {
    const asked = qualityText(use)
    const among = use.uplinks?.map((share) => share.name) ?? uplinks.map((section) => section.name)
    const dark = balance.probe === 'none' && use.uplinks === null ? ['all uplinks'] : among.filter(isUnprobed)
    return asked === null || dark.length === 0
      ? []
      : [`rule ${name}: ${asked} says nothing of ${dark.join(', ')}, as probe = none`]
  })
}

/** Messages about outages that would not be sent. */
function unsent({ notify }: Config): readonly string[] {
  if (!notify || !isWanted(notify)) return []
  const [program] = notify.command ?? []
  const problem = program === undefined ? null : isTrusted(program)
  return [
    ...(notify.mail && !existsSync(optionalPrograms.sendmail)
      ? [
          `notify: mail needs ${optionalPrograms.sendmail}, which is not there: every mail server has it, as dma or exim4`,
        ]
      : []),
    ...(problem === null ? [] : [`notify: command is not run: ${problem}`]),
    ...(isSystemdRunning() ? [] : ['notify: nobody is told without systemd, which starts what tells']),
  ]
}

function leftOutHooks(): readonly string[] {
  return names(paths.userHooks).flatMap((name) => {
    const path = join(paths.userHooks, name)
    const problem = isHookName(name) ? isTrusted(path) : 'expected a name of letters, digits, _ and -'
    return problem === null ? [] : [`hook ${path}: left out, ${problem}`]
  })
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, 100)
  } catch {
    return []
  }
}
