/** What the completion of each shell offers, asked of the shells themselves. */
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../src/cli/command.ts'
import { commands } from '../../../src/commands/list.ts'
import { dscpNumbers } from '../../../src/net/dscp.ts'
import { isInstalled, offeredBy, shells } from './shells.ts'

const forPeople = Object.entries<Command>(commands).filter(([, { forMachines }]) => !forMachines)
const names = forPeople.map(([name]) => name)
const takingUplinks = forPeople.filter(([, { usage }]) => /UPLINK/.test(usage)).map(([name]) => name)
const uplinks = ['dsl', 'lte']

/** What has to be offered behind a line, whatever the order. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'ifbalance ': names,
  'ifbalance e': names.filter((name) => name.startsWith('e')),
  'ifbalance --': ['--help', '--version'],
  ...Object.fromEntries(
    forPeople
      .filter(([, { options }]) => Object.keys(options).length > 0)
      .map(([name, { options }]) => [`ifbalance ${name} --`, Object.keys(options).map((option) => `--${option}`)]),
  ),
  ...Object.fromEntries(takingUplinks.map((name) => [`ifbalance ${name} `, uplinks])),
  'ifbalance probe l': ['lte'],
  'ifbalance probe lte ': [],
  'ifbalance exec lte -': ['--'],
  'ifbalance exec --all -': ['--'],
  'ifbalance exec --all -- dircolor': ['dircolors'],
  'ifbalance exec lte -- dircolor': ['dircolors'],
  'ifbalance check READ': ['README.md'],
  'ifbalance check README.md CHAN': ['CHANGELOG.md'],
  'ifbalance metrics --textfile READ': ['README.md'],
  'ifbalance explain --in ': ['eth0', 'wwan0'],
  'ifbalance explain --from ': ['192.0.2.1', '2001:db8::1'],
  'ifbalance explain --user b': ['backup'],
  'ifbalance explain --cgroup e': ['eth0'],
  'ifbalance explain --dscp ': [...dscpNumbers.keys()],
  'ifbalance explain --mark ': [],
  'ifbalance explain --in eth0 192.0.2.7:53 ': ['tcp', 'udp', 'icmp'],
  'ifbalance explain --connection 192.0.2.7 u': ['udp'],
  'ifbalance import ': ['mwan3', 'shorewall'],
  'ifbalance import mwan3 READ': ['README.md'],
  'ifbalance import mwan3 README.md CHAN': ['CHANGELOG.md'],
  'ifbalance plan ': [],
}

describe.each(shells)('%s', (shell) => {
  test.skipIf(!isInstalled(shell))('offers commands, options, uplinks and values, and runs no name', () => {
    const offered = offeredBy(shell, Object.keys(expected))
    const got = Object.fromEntries([...offered].map(([line, words]) => [line, asWords(line, words)]))
    expect(got).toEqual(Object.fromEntries(Object.entries(expected).map(([line, words]) => [line, [...words].sort()])))
  })
})

/** Without options where a word is asked for: some shells offer both. */
function asWords(line: string, words: readonly string[]): readonly string[] {
  const wantsOptions = / -+$/.test(line)
  const kept = words.filter((word) => wantsOptions || !word.startsWith('-'))
  return [...new Set(kept)].sort()
}
