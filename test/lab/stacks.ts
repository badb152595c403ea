/** The two usual ways of a Debian to configure its network, for two DHCP uplinks and a LAN. */
import type { Release } from './image.ts'
import { addresses } from './names.ts'

export type Stack = 'networkd' | 'ifupdown'

export interface StackSetup {
  readonly files: Readonly<Record<string, string>>
  readonly appended: Readonly<Record<string, string>>
  readonly enable: readonly string[]
}

/** A router forwards; everything else is as Debian has it. */
export const forwarding = {
  '/etc/sysctl.d/90-router.conf': 'net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n',
}

export function stackSetup(release: Release, stack: Stack): StackSetup {
  switch (stack) {
    case 'networkd':
      return {
        files: {
          ...forwarding,
          '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n',
          '/etc/systemd/network/10-wan.network': '[Match]\nName=wan*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=yes\n',
          '/etc/systemd/network/20-lan.network': `[Match]\nName=lan0\n\n[Network]\nAddress=${addresses.lanRouter}/24\n`,
        },
        appended: {},
        enable: ['systemd-networkd.service', 'networkd-dispatcher.service'],
      }
    case 'ifupdown':
      return {
        files: {
          ...forwarding,
          '/etc/network/interfaces': [
            'auto lo\niface lo inet loopback\n',
            'auto wan1\niface wan1 inet dhcp\n',
            'auto wan2\niface wan2 inet dhcp\n',
            `auto lan0\niface lan0 inet static\n    address ${addresses.lanRouter}/24\n`,
          ].join('\n'),
        },
        // Asking by ARP whether somebody else has the address takes dhcpcd five seconds for each lease.
        appended: release === 'trixie' ? { '/etc/dhcpcd.conf': '\nnoarp\n' } : {},
        enable: [],
      }
  }
}
