/** Whether a rule matches. Sets that files or name servers fill are looked up in the ruleset that is loaded. */

import { isIPv4 } from 'node:net'
import { mismatch } from '../config/match/match.ts'
import { domainSet, fileSets } from '../config/match/sets.ts'
import { nftTable, programs } from '../layout.ts'
import type { FirstPacket } from '../model/match.ts'
import type { SteeringRule } from '../model/rule.ts'
import { run } from '../os/run.ts'

/** The rule's name, or `mode = ...` for the one that a mode adds. */
export function nameOf({ name, use }: SteeringRule): string {
  return name === '' ? `mode = ${use.mode}` : name
}

/** Why the rule does not match, for people; null where it matches. */
export async function reasonAgainst({ name, match }: SteeringRule, packet: FirstPacket): Promise<string | null> {
  const { family, source, destination } = packet
  const [sources] = fileSets(match.source, family)
  const [destinations] = fileSets(match.destination, family)
  const contains = {
    source: sources !== undefined && (await setContains(sources.name, source)),
    destination: destinations !== undefined && (await setContains(destinations.name, destination)),
    domain: match.domains !== undefined && (await setContains(domainSet(name, family), destination)),
  }
  return mismatch(match, packet, (kind) => contains[kind])
}

async function setContains(set: string, address: string): Promise<boolean> {
  const element = `{ ${isIPv4(address) ? address : address.toLowerCase()} }`
  const words = ['get', 'element', nftTable.family, nftTable.name, set, element]
  return (await run(programs.nft, words, { accept: [0, 1] })).exitCode === 0
}
