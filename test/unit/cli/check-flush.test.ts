import { expect, test } from 'vitest'
import { checkFlush } from '../../../src/cli/check-flush.ts'

const nat = 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "wan1" masquerade; }; }\n'

test("a file that flushes all rules is told where it masquerades, and Debian's own is not", () => {
  expect(checkFlush(() => `#!/usr/sbin/nft -f\nflush ruleset\n${nat}`)).toEqual([
    expect.stringContaining('may end busy connections'),
  ])
  expect(checkFlush(() => 'flush ruleset\n\ntable inet filter { }\n')).toEqual([])
  expect(checkFlush(() => `table ip nat\ndelete table ip nat\n# flush ruleset\n${nat}`)).toEqual([])
  expect(checkFlush(() => null)).toEqual([])
})
