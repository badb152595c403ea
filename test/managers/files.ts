/** Files that several managers' machines have. */
import { addresses } from '../lab/names.ts'
import { forwarding, type StackSetup } from '../lab/stacks.ts'

/** For a manager that is none of ifupdown's family: ifupdown, which the root has, leaves all to it. */
export function leftToOthers(files: Readonly<Record<string, string>>, enable: readonly string[]): StackSetup {
  return {
    files: { ...forwarding, '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n', ...files },
    appended: {},
    enable,
  }
}

/** interfaces(5), with these stanzas and the LAN. */
export function interfaces(stanzas: readonly string[], enable: readonly string[]): StackSetup {
  return {
    files: {
      ...forwarding,
      '/etc/network/interfaces': [
        'auto lo\niface lo inet loopback\n',
        ...stanzas,
        `auto lan0\niface lan0 inet static\n    address ${addresses.lanRouter}/24\n`,
      ].join('\n'),
    },
    appended: {},
    enable,
  }
}

/** netplan tells udev of its rules, and no udev runs in a machine of this lab. */
export const netplanApply = `ln -sf /usr/bin/true /usr/local/bin/udevadm
  PATH=/usr/local/bin:$PATH netplan apply`
