/** `iptables-legacy-save -t nat` -> what its POSTROUTING does. nft's listing has what iptables-nft makes. Pure. */

import type { ForeignNat } from '../../model/facts.ts'
import type { Family, Range } from '../../net/family.ts'
import {
  type Asked,
  addressAsked,
  deviceAsked,
  followChains,
  type NatRule,
  type NatVerdict,
  portAsked,
  protocolAsked,
} from './rules.ts'

/** What each rule does that the base chain leads to. */
export function parseIptablesSave(text: string, family: Family): readonly ForeignNat[] {
  const chains = new Map<string, NatRule[]>()
  for (const line of text.split('\n')) {
    const [append, chain = '', ...words] = wordsOf(line)
    if (append !== '-A') continue
    const rules = chains.get(chain) ?? []
    chains.set(chain, rules)
    const rule = ruleOf(words)
    if (rule) rules.push(rule)
  }
  const where = `${family === 'inet' ? 'iptables' : 'ip6tables'}-legacy nat POSTROUTING`
  return followChains('POSTROUTING', chains, where)
    .filter((one) => !one.family || one.family === family)
    .map((one) => ({ ...one, family }))
}

/** The words of a text line, unquoted as iptables-save(8) quotes them. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function ruleOf(words: readonly string[]): NatRule | null {
  const asked: Asked[] = []
  let not = false
  let protocol = ''
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const value = words[at + 1] ?? ''
    if (word === '!') {
      not = true
      continue
    }
    if (word === '-j' || word === '-g') {
      const verdict = verdictOf(value)
      return verdict && { asked, verdict }
    }
    if (word === '-p' && !not) protocol = { '6': 'tcp', '17': 'udp' }[value] ?? value
    if (word === '-m' && value === 'policy') asked.push({ ipsec: true, unknown: true })
    else if (!isNeutral(word, value)) asked.push(askedOf(word, value, not, protocol))
    not = false
    at++
  }
  return null
}

/** Whether a word makes no difference to which packets match. A match's name (`-m tcp`) does not; its options do. */
function isNeutral(word: string, value: string): boolean {
  return word === '--comment' || (word === '-m' && ['comment', 'tcp', 'udp', 'multiport'].includes(value))
}

function askedOf(word: string, value: string, not: boolean, protocol: string): Asked {
  const values = value.split(',')
  switch (word) {
    case '-s':
      return addressAsked('saddr', not, values)
    case '-d':
      return addressAsked('daddr', not, values)
    case '-i':
      return deviceAsked('in', not, [value.replace(/\+$/, '*')])
    case '-o':
      return deviceAsked('out', not, [value.replace(/\+$/, '*')])
    case '-p':
      return protocolAsked(not, values)
    case '--dport':
    case '--dports':
      return portAsked(protocol, 'dport', not, values.map(portRange))
    case '--sport':
    case '--sports':
      return portAsked(protocol, 'sport', not, values.map(portRange))
    default:
      return { unknown: true }
  }
}

function portRange(text: string): Range<number> {
  const [from = '', to = from] = text.split(':')
  return [Number(from === '' ? 0 : from), Number(to === '' ? 65535 : to)]
}

function verdictOf(target: string): NatVerdict | null {
  if (['MASQUERADE', 'SNAT', 'NETMAP', 'SAME'].includes(target)) return { does: 'translates' }
  if (target === 'ACCEPT') return { does: 'accepts' }
  if (target === 'RETURN') return { does: 'returns' }
  // Targets of extensions do not end the chain, and a chain of that name has no rules, so following it does nothing.
  return { does: 'calls', chain: target }
}
