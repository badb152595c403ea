/** The kernel's news of IPsec's policies, from when IPsec is there: most hosts never have it. */
import { isIpsecThere } from '../../kernel/ipsec/policies.ts'
import { programs } from '../../layout.ts'
import type { Ticker } from '../ticker.ts'
import { watchMonitor } from './monitor.ts'

const lookMs = 5000

/**
 * Calls `onChange` when a policy for what leaves may have come, which a policy's second text line tells. Returns what
 * stops it.
 */
export function watchIpsec(pulse: Ticker, onChange: () => void): () => void {
  let stop: (() => void) | null = null
  let isOver = false
  const look = () => {
    if (stop || isOver || !isIpsecThere()) return undefined
    stop = watchMonitor(
      {
        program: programs.ip,
        args: ['xfrm', 'monitor', 'policy'],
        cause: { kind: 'kernel', reason: 'IPsec policies' },
        relevanceOf: (line) => (/^\s+dir out /.test(line) ? 'now' : 'never'),
      },
      onChange,
    )
    return undefined
  }
  look()
  pulse.join(look, lookMs)
  return () => {
    isOver = true
    stop?.()
  }
}
