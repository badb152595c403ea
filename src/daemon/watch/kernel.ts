/** The kernel's news of all that we read: links, addresses, routes, rules, interfaces' settings, our table. */

import { forgetForeignNat, noticeForeignNat } from '../../kernel/foreign-nat/foreign-nat.ts'
import { hearRoutes, noticeRoutes } from '../../kernel/iproute/hidden-routes.ts'
import { nftTable, programs } from '../../layout.ts'
import type { Cause } from '../../model/cause.ts'
import { noticeTable } from '../../reconcile/apply/lost-table.ts'
import { noticeLoss } from '../../reconcile/head-start.ts'
import { relevanceOf, type Scene, withoutCarrier } from '../relevance.ts'
import { type OnChange, watchMonitor } from './monitor.ts'

const rulesetChanged: Cause = { kind: 'ruleset', reason: 'nft' }

/**
 * Calls `onChange` with what may have changed, and `onLost` once our table is gone. `scene` has what the latest round
 * found. Returns what stops it.
 */
export function watchKernel(scene: () => Scene, onChange: OnChange, onLost: (cause: Cause) => void): () => void {
  const stops = [
    watchMonitor(
      {
        program: programs.ip,
        // `netconf` tells of rp_filter and ignore_routes_with_linkdown of each interface.
        args: ['-Numeric', 'monitor', 'link', 'address', 'route', 'rule', 'netconf'],
        cause: { kind: 'kernel', reason: 'kernel' },
        relevanceOf: (line) => {
          noticeRoutes(line)
          const relevance = relevanceOf(line, scene())
          const lost = relevance === 'at once' ? withoutCarrier(line) : undefined
          if (lost !== undefined) noticeLoss(lost)
          return relevance
        },
      },
      (cause, when) => {
        // The monitor listens again, and what it missed is not known.
        if (cause.kind === 'monitor') hearRoutes()
        onChange(cause, when)
      },
    ),
    watchMonitor(
      {
        program: programs.nft,
        args: ['monitor'],
        // nft 1.0.6 pairs the ends of intervals in what is told of a set's elements, and crashes where keys have several parts,
        // whoever's set it is. Sets that others' translation asks are then read again after some minutes only.
        argsAfterCrash: [
          ['monitor', 'tables'],
          ['monitor', 'chains'],
          ['monitor', 'rules'],
        ],
        cause: rulesetChanged,
        // `# ERROR: We lost some netlink events!` is relevant, too. Elements of sets are not compared, as name servers
        // add some all the time.
        relevanceOf: (line) => {
          if (noticeTable(line)) onLost(rulesetChanged)
          const isRelevant =
            noticeForeignNat(line) ||
            line.startsWith('# ERROR') ||
            (line.includes(` ${nftTable.family} ${nftTable.name}`) && !/^(add|delete) element /.test(line))
          return isRelevant ? 'now' : 'never'
        },
      },
      (cause, when) => {
        if (cause.kind === 'monitor') forgetForeignNat()
        onChange(cause, when)
      },
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
