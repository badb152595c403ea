/** More connections than anybody watches: flows of UDP, which begin without a pause. */
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inNamespace, nftIn, start, waitForLine } from '../command.ts'
import { addresses } from '../names.ts'
import { longPatienceMs } from '../patience.ts'
import type { PairLab } from './lab.ts'
import type { PairRouter } from './router.ts'

const answering = 7900
const flows = ['/usr/bin/python3', fileURLToPath(new URL('../programs/many-flows.py', import.meta.url))]

/** The number of entries in a router's connection table. */
export async function entriesOf(router: PairRouter): Promise<number> {
  return Number(await router.exec(['/usr/sbin/conntrack', '-C']))
}

/** Has so many a second begin, until the lab ends, and waits until both routers know this many. */
export async function beginMany(lab: PairLab, count: number, perSecond: number): Promise<void> {
  const { internet, lan } = lab.network
  await nftIn(
    internet,
    `table ip many {
       chain arriving { type nat hook prerouting priority dstnat; udp dport 10000-59999 redirect to :${answering}; }
     }
     `,
  )
  const server = await start(inNamespace(internet, [...flows, 'answer', String(answering)]))
  lab.undo.defer('what answers', () => server.stop())
  await waitForLine(server, (line) => line === 'ready')
  // That which has to be there at once is twice what 30 seconds, the usual time, would leave.
  for (const router of [lab.a, lab.b])
    await router.exec([
      '/usr/sbin/sysctl',
      '-qw',
      `net.netfilter.nf_conntrack_udp_timeout=${(1.2 * count) / perSecond}`,
    ])
  const own = await start(inNamespace(lan, [...flows, 'send', String(perSecond), ...addresses.resolvers]))
  lab.undo.defer('many flows', () => own.stop())
  const deadline = Date.now() + longPatienceMs + (3000 * count) / perSecond
  while ((await Promise.all([lab.a, lab.b].map(entriesOf))).some((entries) => entries < count)) {
    if (Date.now() > deadline)
      throw new Error(`never ${count} connections: ${await entriesOf(lab.a)}, ${await entriesOf(lab.b)}`)
    await setTimeout(500)
  }
}
