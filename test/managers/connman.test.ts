import { addresses } from '../lab/names.ts'
import { leftToOthers } from './files.ts'
import { managerSuite } from './suite.ts'

/** The path of the service of wan2 has its hardware address in it. */
const service = (verb: string) => `connmanctl ${verb} "$(connmanctl services | grep -o 'ethernet_020000000201_cable')"`

await managerSuite({
  name: 'ConnMan',
  releases: ['bookworm', 'trixie'],
  packages: () => ['connman'],
  setup: () =>
    leftToOthers(
      {
        // The LAN is ifupdown's: ConnMan would ask for a lease there.
        '/etc/network/interfaces': `auto lo\niface lo inet loopback\n\nauto lan0\niface lan0 inet static\n    address ${addresses.lanRouter}/24\n`,
        '/etc/connman/main.conf': '[General]\nNetworkInterfaceBlacklist=lan\nEnableOnlineCheck=false\n',
      },
      ['connman.service'],
    ),
  verbs: { down: service('disconnect'), up: service('connect'), restart: 'systemctl restart connman' },
  harmless: [],
  toWrite: {
    said: ['write [uplink wan2] with gateway = ADDRESS'],
    // Which of the two is its first service changes with what happens to them.
    script: `printf '[uplink wan%s]\\ngateway = 10.%s.0.1\\n' 1 1 2 2 >/etc/ifbalance/conf.d/lines.conf
      systemctl reload ifbalance`,
  },
  isStatic: true,
})
