/**
 * What a peer still sends to an address of this host that their conversation has left. With the conversation gone from
 * connection tracking, such a packet looks like a question, and answers to a question keep the address that was asked (see
 * reconcile/decide/ruleset/udp-reply-source.ts, which has the sets): all that the program sends from then on would leave by the line that was left.
 */
import { nftTable, programs } from '../../layout.ts'
import type { Conversation } from '../../model/tunnel.ts'
import type { Family } from '../../net/family.ts'
import { run } from '../../os/run.ts'

/** How long, in seconds, what comes late is dropped: longer than the pause between keepalives that most tunnels have, 25 s. */
const usualTime = 30

/**
 * Has what these peers still send to these addresses dropped for so many seconds, and their questions forgotten. Where one
 * uplink is left, there are no such sets, and no need. Throws where nft(8) cannot be run.
 */
export async function dropLatePackets(
  family: Family,
  conversations: readonly Conversation[],
  seconds = usualTime,
): Promise<void> {
  if (conversations.length === 0) return
  await run(programs.nft, ['-f', '-'], { input: latePacketsText(family, conversations, seconds), accept: [0, 1] })
}

/** The text of the transaction. What is forgotten is added before, as nft(8) deletes only what is there. */
export function latePacketsText(family: Family, conversations: readonly Conversation[], seconds: number): string {
  const ip = family === 'inet' ? 'ip' : 'ip6'
  const peers = conversations.map(({ peer, peerPort, port }) => `${peer} . ${peerPort} . ${port}`)
  const whole = conversations.map(({ address }, i) => `${peers[i]} . ${address}`)
  const edit = (word: 'add' | 'delete', set: string, elements: readonly string[]) =>
    `${word} element ${nftTable.family} ${nftTable.name} ${set}_${ip} { ${[...new Set(elements)].join(', ')} }\n`
  const forgotten: readonly (readonly [string, readonly string[]])[] = [
    ['clients', peers],
    ['addresses', whole],
    ['latest', whole],
  ]
  return [
    edit(
      'add',
      'late',
      whole.map((one) => `${one} timeout ${seconds}s`),
    ),
    ...forgotten.flatMap(([set, elements]) => [edit('add', set, elements), edit('delete', set, elements)]),
  ].join('')
}
