/** Who is translated on its way out by an uplink: see translation-table.ts. */
import { beforeAll, expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'
import { expected, rulesets, type Sent, sources } from './translation-table.ts'

let played: {
  results: Readonly<Record<string, readonly Sent[]>>
  ways: readonly number[]
  troubles: readonly string[]
  legacy: boolean
}

beforeAll(async () => {
  const { stdout } = await inNamespace(new URL('play-translation.ts', import.meta.url), [])
  played = JSON.parse(stdout)
}, 120_000)

test('each ruleset is taken in at once, and nothing is left to do', () => expect(played.troubles).toEqual([]))

test.each(Object.entries(rulesets))('%s', (name, ruleset) => {
  const sent = played.results[name]
  if (ruleset.language === 'iptables-legacy' && !played.legacy) return
  const lines = (of: (one: Sent) => string) => sent?.map((one) => `${one.source} by ${one.uplink}: ${of(one)}`)
  const seen = ({ source, uplink, by, saw }: Sent) => {
    if (by.length !== 1 || by[0] !== uplink || saw === null) return `seen by ${by.join() || 'nobody'}`
    if (saw === sources[source]?.address) return 'untouched'
    return new RegExp(`^(10\\.${uplink}\\.0\\.2|2001:db8:${uplink}::2)$`).test(saw) ? 'translated' : saw
  }
  expect(lines(seen)).toEqual(
    lines(({ source, uplink }) => {
      const one = sources[source]
      return one ? expected(ruleset, one, uplink) : ''
    }),
  )
})

test("what an uplink's neighbours send through this host goes where main sends it, as without us", () =>
  expect(played.ways).toEqual(Array.from({ length: 40 }, () => 1)))
