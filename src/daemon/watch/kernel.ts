/** The kernel's news of all that we read: links, addresses, routes, rules, interfaces' settings, our table. */

import { forgetForeignNat, noticeForeignNat } from '../../kernel/foreign-nat/foreign-nat.ts'
import { nftTable, programs } from '../../layout.ts'
import { noticeTable } from '../../reconcile/apply/lost-table.ts'
import { watchMonitor } from './monitor.ts'

/** Calls `onChange` with what may have changed, and `onLost` once our table is gone. Returns what stops it. */
export function watchKernel(onChange: (reason: string) => void, onLost: (reason: string) => void): () => void {
  const stops = [
    watchMonitor(
      {
        program: programs.ip,
        // `netconf` tells of rp_filter and ignore_routes_with_linkdown of each interface.
        args: ['monitor', 'link', 'address', 'route', 'rule', 'netconf'],
        what: 'kernel',
        isRelevant: () => true,
      },
      onChange,
    ),
    watchMonitor(
      {
        program: programs.nft,
        args: ['monitor'],
        what: 'nft',
        // `# ERROR: We lost some netlink events!` is relevant, too. Elements of sets are not compared, as name servers
        // add some all the time.
        isRelevant: (line) => {
          if (noticeTable(line)) onLost('nft')
          return (
            noticeForeignNat(line) ||
            line.startsWith('# ERROR') ||
            (line.includes(` ${nftTable.family} ${nftTable.name}`) && !/^(add|delete) element /.test(line))
          )
        },
      },
      (reason) => {
        // The monitor listens again, and what it missed is not known.
        if (reason !== 'nft') forgetForeignNat()
        onChange(reason)
      },
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
