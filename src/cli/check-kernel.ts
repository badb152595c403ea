/** Whether the kernel has what we ask of it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { paths, programs } from '../layout.ts'
import { messageOf } from '../os/log.ts'
import { run } from '../os/run.ts'
import type { Finding } from './finding.ts'
import { isRoot } from './root.ts'

export async function checkKernel(): Promise<readonly Finding[]> {
  return [checkMultipath(), await checkNft()]
}

/** Whether the kernel has multipath routes: the sysctl exists exactly with CONFIG_IP_ROUTE_MULTIPATH. */
function checkMultipath(): Finding {
  const what = 'multipath'
  return existsSync(join(paths.sysctl, 'net/ipv4/fib_multipath_hash_policy'))
    ? { level: 'ok', what, message: 'routes with several nexthops' }
    : { level: 'error', what, message: 'no fib_multipath_hash_policy: the kernel lacks CONFIG_IP_ROUTE_MULTIPATH' }
}

/** A table with one expression of each kind that our table is made of, in the hooks where it has them. */
const sample = `table inet ifbalance-check {
  chain home {
    ct mark set ct mark & 0x40ffffff | 0x41000000
  }
  chain prerouting {
    type filter hook prerouting priority -155
    ct direction original ct mark & 0x40000000 != 0 meta mark set ct mark & 0x7f000000 accept
    ct state new iif vmap { 1 : goto home }
  }
  chain output {
    type route hook output priority -155
  }
  chain pin {
    type nat hook postrouting priority 95
    oif vmap { 1 : goto home }
  }
  chain postrouting {
    type nat hook postrouting priority 900
    masquerade
  }
}
`

/** Tries the table. `--check` goes through the kernel's transaction and aborts it at the end, so nothing changes. */
async function checkNft(): Promise<Finding> {
  const what = 'nftables'
  if (!isRoot()) return { level: 'warning', what, message: 'not tried: only root can' }
  try {
    await run(programs.nft, ['--check', '--file', '-'], { input: sample })
    return { level: 'ok', what, message: 'the kernel takes our kind of rules' }
  } catch (error) {
    return { level: 'error', what, message: messageOf(error).split('\n', 1).join() }
  }
}
