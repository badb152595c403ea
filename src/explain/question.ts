/** The words after `ifbalance explain` -> the question that they ask. Pure. */
import { readTraits } from '../config/match/fields.ts'
import { numberOption } from '../config/match/trait.ts'
import type { PacketTraits } from '../model/match.ts'
import type { Family } from '../net/family.ts'
import { familyOf, isInterfaceName } from '../net/valid.ts'
import { Failure } from '../os/error.ts'

export interface Question extends PacketTraits {
  readonly family: Family
  readonly destination: string
  readonly protocol: Protocol
  /** The destination's port; 0 where none was named, or the protocol has none. */
  readonly port: number
  /** The source port; null: any, so the answer may be several uplinks with their shares. */
  readonly sourcePort: number | null
  readonly from: string | null
  readonly incoming: string | null
}

export const protocolNumbers = { tcp: 6, udp: 17, icmp: 1 } as const
export type Protocol = keyof typeof protocolNumbers

/** The words after `explain`, and what its options said. */
export interface Spoken extends Readonly<Record<keyof PacketTraits, string | undefined>> {
  readonly words: readonly string[]
  readonly from: string | undefined
  readonly in: string | undefined
  readonly 'source-port': string | undefined
  readonly json: boolean
  readonly connection: boolean
}

export interface Asked {
  readonly question: Question
  readonly json: boolean
  /** Whether connections that exist are asked for, and not a new one. */
  readonly connection: boolean
}

/**
 * Reads the question. `userId` gives the number of a user's name. Throws a Failure that says what is wrong with the
 * words.
 */
export function readQuestion(spoken: Spoken, userId: (name: string) => number | null): Asked {
  const [target, protocol = 'tcp', surplus] = spoken.words
  const { from = null, in: incoming = null, json, connection } = spoken
  if (target === undefined) throw new Failure('usage', 'expected ifbalance explain DESTINATION[:PORT] [tcp|udp|icmp]')
  if (surplus !== undefined) throw new Failure('usage', `unexpected word "${surplus}"`)
  if (!isProtocol(protocol)) throw new Failure('usage', `"${protocol}": expected tcp, udp or icmp`)
  const { address, port } = readTarget(target)
  const family = familyOf(address)
  if (family === null) throw new Failure('usage', `"${target}": expected an address, ADDRESS:PORT or [IPV6]:PORT`)
  if (from !== null && familyOf(from) !== family)
    throw new Failure('usage', `--from "${from}": expected an address like ${address}`)
  if (incoming !== null && !isInterfaceName(incoming))
    throw new Failure('usage', `--in "${incoming}": expected an interface`)
  if (incoming !== null && from === null)
    throw new Failure('usage', `--in ${incoming}: expected --from ADDRESS as well`)
  return {
    ...{ json, connection },
    question: {
      ...{ family, destination: address, protocol, port, from, incoming },
      sourcePort: protocol === 'icmp' ? 0 : numberOption('source-port', spoken['source-port'], 65535),
      ...readTraits(spoken, userId),
    },
  }
}

function isProtocol(word: string): word is Protocol {
  return Object.hasOwn(protocolNumbers, word)
}

function readTarget(text: string): { address: string; port: number } {
  const [, six, four, port] = /^(?:\[(.*)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) return { address: text.replace(/^\[(.*)\]$/, '$1'), port: 0 }
  if (Number(port) > 65535) throw new Failure('usage', `"${text}": expected a port up to 65535`)
  return { address: six ?? four ?? '', port: Number(port) }
}
