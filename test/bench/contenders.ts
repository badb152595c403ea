/**
 * What balances two uplinks on a booted Debian 12: ifbalance, the commands of the article, and Debian's own Shorewall with
 * lsm, the monitor that its documentation recommends. Written anew from their documentation; all with equal weights.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Machine } from '../lab/machine.ts'
import { addresses } from '../lab/names.ts'

export type Contender = 'article' | 'shorewall' | 'ifbalance'

/** In the machine's image besides the usual packages. */
export const packages = ['shorewall', 'lsm', 'iptables', 'strace'] as const

export const script = { article: '/usr/local/sbin/article', deb: '/srv/ifbalance.deb' } as const

/**
 * Puts everything but ifbalance into its place; before the first boot. `deb` is the package to install later; `share` is the
 * second uplink's part of what the article balances.
 */
export function equip(machine: Machine, deb: string, share = 0.5): void {
  for (const [path, text] of Object.entries({ ...files, [script.article]: article(share) })) {
    mkdirSync(dirname(machine.root + path), { recursive: true })
    writeFileSync(machine.root + path, text)
  }
  chmodSync(machine.root + script.article, 0o755)
  // Debian's default, which Shorewall itself refuses with providers.
  const settings = `${machine.root}/etc/shorewall/shorewall.conf`
  writeFileSync(settings, readFileSync(settings, 'utf8').replace(/^ROUTE_FILTER=Yes$/m, 'ROUTE_FILTER=No'))
  mkdirSync(`${machine.root}/srv`, { recursive: true })
  copyFileSync(deb, machine.root + script.deb)
}

const article = (share: number) => `#!/bin/sh
start() {
  sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.default.rp_filter=2
  sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1 net.ipv4.conf.default.ignore_routes_with_linkdown=1
  ip route replace default via 10.1.0.1 dev wan1 table 10
  ip route replace default via 10.2.0.1 dev wan2 table 20
  ip rule add iif wan1 priority 1001 table main
  ip rule add fwmark 0x5/0xff priority 2001 table 10
  ip rule add iif wan2 priority 1002 table main
  ip rule add fwmark 0x2/0xff priority 2002 table 20
  iptables -t nat -A POSTROUTING -o wan1 -j MASQUERADE
  iptables -t nat -A POSTROUTING -o wan2 -j MASQUERADE
  for way in PREROUTING:load-in OUTPUT:load-out; do
    hook=\${way%:*} chain=\${way#*:}
    iptables -t mangle -N "$chain"
    iptables -t mangle -A "$hook" -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
    iptables -t mangle -A "$hook" -m mark ! --mark 0x0/0xff -j RETURN
    iptables -t mangle -A "$hook" -m mark --mark 0x0/0xff -j "$chain"
    iptables -t mangle -A "$hook" -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff
    iptables -t mangle -A "$chain" -m mark --mark 0x0/0xff -m statistic --mode random --probability ${share} \\
      -j MARK --set-xmark 0x2/0xff
    iptables -t mangle -A "$chain" -m mark --mark 0x0/0xff -j MARK --set-xmark 0x5/0xff
  done
}
stop() {
  for priority in 1001 1002 2001 2002; do ip rule del priority "$priority"; done
  ip route flush table 10
  ip route flush table 20
  iptables -t mangle -F
  iptables -t mangle -X
  iptables -t nat -F
}
set -e
"$1"
`

const files: Readonly<Record<string, string>> = {
  '/etc/default/shorewall': 'startup=1\n',
  '/etc/shorewall/zones': 'fw firewall\nnet ipv4\nloc ipv4\n',
  '/etc/shorewall/interfaces': '?FORMAT 2\nnet wan1 optional\nnet wan2 optional\nloc lan0 -\n',
  '/etc/shorewall/policy': 'fw all ACCEPT\nloc all ACCEPT\nnet fw ACCEPT\nall all REJECT\n',
  '/etc/shorewall/snat': 'MASQUERADE 0.0.0.0/0 wan1\nMASQUERADE 0.0.0.0/0 wan2\n',
  '/etc/shorewall/providers': 'one 1 1 - wan1 10.1.0.1 track,balance\ntwo 2 2 - wan2 10.2.0.1 track,balance\n',
  '/etc/lsm/local.conf': [
    ...[1, 2].map(
      (i) => `connection {
  name=${i === 1 ? 'one' : 'two'}
  checkip=${addresses.resolvers[i]}
  device=wan${i}
  eventscript=/usr/share/lsm/shorewall_script
  warn_email=
}`,
    ),
    '',
  ].join('\n'),
}
