/** `ifbalance probe [UPLINK]`: asks all targets once, and shows who answered. Works without the daemon, too. */
import { paint, print } from '../cli/output.ts'
import { isRoot } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { complain } from '../cli/usage-error.ts'
import { uplinkCalled } from '../daemon/control/switching.ts'
import type { Egress } from '../lines/probes/egress.ts'
import { egressesOf } from '../lines/probes/egresses.ts'
import { withOpinions } from '../lines/probes/opinion-servers.ts'
import { type Burst, probeAll } from '../lines/probes/probe-all.ts'
import { withResolvers } from '../lines/probes/resolvers.ts'
import { type ProbeSettings, probeSettings } from '../lines/settings.ts'
import { survey, surveyWithoutRuleset } from '../reconcile/reconcile.ts'

const timeoutMs = 2000

/** Resolves with the exit code: 0 where a quorum answers on every line that was asked. */
export async function run({ words }: { readonly words: readonly string[] }): Promise<number> {
  if (words.length > 1) return complain('expected one uplink at most')
  const [word] = words
  const { config } = settings()
  const { desired, observed } = await (isRoot() ? survey(config) : surveyWithoutRuleset(config))
  const uplink = word === undefined ? null : uplinkCalled(word, desired.uplinks)
  if (uplink !== null && typeof uplink !== 'string') return complain(uplink.message)
  const egresses = egressesOf(desired.uplinks).filter((egress) => uplink === null || egress.uplink === uplink)
  if (egresses.length === 0) print(`${uplink ?? 'No uplink'} has no link to probe.`)
  const lines = egresses.map((egress) => {
    return {
      egress,
      settings: withResolvers(egress, probeSettings(egress.uplink, egress.device, egress.family, config), observed),
    }
  })
  const probed = withOpinions(lines, desired.uplinks, observed).map(async ({ egress, settings }) => {
    return { egress, settings, burst: await ask(egress, settings) }
  })
  const results = await Promise.all(probed)
  for (const { egress, settings, burst } of results) print(textOf(egress, settings, burst))
  return egresses.length > 0 && results.every(({ settings, burst }) => isAlive(settings, burst)) ? 0 : 1
}

/** Asks all targets of a line. The quorum can never be reached, so everyone has the time to answer. */
function ask(egress: Egress, settings: ProbeSettings): Promise<Burst> {
  const all = { ...settings, quorum: settings.targets.length + 1 }
  return new Promise((onEnd) => probeAll(egress, all, { timeoutMs, dueMs: null, onLate: () => undefined, onEnd }))
}

function isAlive({ quorum }: ProbeSettings, { answers }: Burst): boolean {
  return answers.filter(({ rttMs }) => rttMs !== null).length >= quorum
}

function textOf({ uplink, family, device, gateway }: Egress, settings: ProbeSettings, burst: Burst): string {
  const title = `${uplink}, ${family === 'inet' ? 'IPv4' : 'IPv6'} by ${device}, probe = ${settings.kind}:`
  if (settings.kind === 'none') return `${title} nothing to ask`
  const answers = burst.answers.map(({ target, rttMs, second, fault }) =>
    rttMs === null
      ? `  ${target}: no answer${fault === undefined ? '' : `, ${fault}`}`
      : `  ${target}: ${Math.round(rttMs * 100) / 100} ms${second ? ' by a DNS question, no answer to ping' : ''}`,
  )
  const answered = burst.answers.filter(({ rttMs }) => rttMs !== null).length
  const router = burst.gateway === null ? [] : [`  gateway ${gateway}: ${burst.gateway ? 'answers' : 'no answer'}`]
  const alive = isAlive(settings, burst)
  const verdict = paint(alive ? 'green' : 'red', alive ? 'alive' : 'dead')
  return [title, ...answers, ...router, `  ${answered} answered, ${settings.quorum} needed: ${verdict}`].join('\n')
}
