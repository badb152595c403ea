/**
 * Every kind of source, by each uplink, beside each usual ruleset: who is translated on its way out. Real packets, and the
 * source that the provider saw; the ways are main's own routes to servers that only one uplink leads to.
 */
import { beforeAll, expect, test } from 'vitest'
import { forgetForeignNat } from '../../src/kernel/foreign-nat/foreign-nat.ts'
import type { Config } from '../../src/model/config.ts'
import { reconcile, survey } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { expected, type OthersRuleset, rulesets, type Sent, sources } from './translation-table.ts'
import { makeTranslationWorld, sendAll, waysOfNeighbours } from './translation-world.ts'

const legacyPrograms = ['iptables', 'ip6tables'].map((name) => `/usr/sbin/${name}-legacy`)

const play = await scenario(import.meta, async () => {
  await makeTranslationWorld()
  const legacy = await hasLegacy()
  const results: Record<string, readonly Sent[]> = {}
  const troubles: string[] = []

  for (const [name, ruleset] of Object.entries(rulesets)) {
    const { language, rules, config: more = '', sections = {}, translatesTo = {} } = ruleset
    if (language.endsWith('-legacy') && !legacy) continue
    await unload(legacy)
    if (rules !== '') await load(rules, language)
    const section = (uplink: string, more = '') => {
      const source = translatesTo[uplink] ? `source = ${translatesTo[uplink].join(', ')}` : ''
      return ['', `[uplink ${uplink}]`, sections[uplink], source, more].join('\n')
    }
    const uplinks = section('wan1') + section('wan2') + section('vmbr0', 'metric = 20')
    troubles.push(...(await settle(configOf(`[balance]\nprobe = none\n${more}\n${uplinks}`), name)))
    results[name] = await sendAll()
  }
  return { ways: await waysOfNeighbours(), results, troubles, legacy }
})

async function hasLegacy(): Promise<boolean> {
  return Promise.all(legacyPrograms.map((program) => run(program, ['-t', 'nat', '-L']))).then(
    () => true,
    () => false,
  )
}

async function load(text: string, language: OthersRuleset['language']): Promise<void> {
  if (language === 'nft') await run('/usr/sbin/nft', ['-f', '-'], { input: text })
  else for (const line of text.trim().split('\n')) await run(`/usr/sbin/${language}`, ['-w', ...line.trim().split(' ')])
}

async function unload(legacy: boolean): Promise<void> {
  const { stdout } = await run('/usr/sbin/nft', ['list', 'tables'])
  const others = stdout.split('\n').filter((line) => line.startsWith('table') && !line.endsWith(' ifbalance'))
  for (const line of others) await run('/usr/sbin/nft', ['delete', ...line.split(' ')])
  if (legacy) for (const program of legacyPrograms) await run(program, ['-t', 'nat', '-F'])
}

/** Gives what went wrong. */
async function settle(config: Config, name: string): Promise<readonly string[]> {
  forgetForeignNat()
  const { remaining, errors } = await reconcile(config)
  const again = await survey(config)
  if (remaining.length + errors.length + again.steps.length === 0) return []
  return [`${name}: ${errors.join('; ')} ${JSON.stringify([...remaining, ...again.steps]).slice(0, 2000)}`]
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test('each ruleset is taken in at once, and nothing is left to do', () => expect(played.troubles).toEqual([]))

test.each(Object.entries(rulesets))('%s', (name, ruleset) => {
  const sent = played.results[name]
  if (ruleset.language.endsWith('-legacy') && !played.legacy) return
  const lines = (of: (one: Sent) => string) => sent?.map((one) => `${one.source} by ${one.uplink}: ${of(one)}`)
  const seen = ({ source, uplink, by, saw }: Sent) => {
    if (by.length !== 1 || by[0] !== uplink || saw === null) return `seen by ${by.join() || 'nobody'}`
    if (saw === sources[source]?.address) return 'untouched'
    const family = saw.includes(':') ? ':' : '.'
    const to = ruleset.translatesTo?.[['wan1', 'wan2', 'vmbr0'][uplink - 1] ?? '']?.find((one) => one.includes(family))
    // This host's own connections have an address of its own.
    const own = family === ':' ? `2001:db8:${uplink}::2` : `10.${uplink}.0.2`
    return saw === (sources[source]?.from === 'host' ? own : (to ?? own)) ? 'translated' : saw
  }
  expect(lines(seen)).toEqual(
    lines(({ source, uplink }) => {
      const one = sources[source]
      return one ? expected(ruleset, one, uplink) : ''
    }),
  )
})

test("what an uplink's neighbours send through this host goes where main sends it, as without us", () =>
  expect(played.ways).toEqual(Array.from({ length: 80 }, () => 1)))
