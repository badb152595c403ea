import { addresses } from '../lab/names.ts'
import { leftToOthers } from './files.ts'
import { managerSuite } from './suite.ts'

/** What `nmcli connection add` writes. */
const profile = (device: string, ipv4: string) => `[connection]
id=${device}
type=ethernet
interface-name=${device}

[ipv4]
${ipv4}

[ipv6]
method=disabled
`
const folder = '/etc/NetworkManager/system-connections'

await managerSuite({
  name: 'NetworkManager',
  releases: ['bookworm', 'trixie'],
  // NetworkManager 1.42.4: two minutes after the provider's machine was replaced, it had not asked a second time.
  renewsLate: ['bookworm'],
  packages: () => ['network-manager'],
  setup: () =>
    leftToOthers(
      {
        [`${folder}/wan1.nmconnection`]: profile('wan1', 'method=auto'),
        [`${folder}/wan2.nmconnection`]: profile('wan2', 'method=auto'),
        [`${folder}/lan0.nmconnection`]: profile('lan0', `method=manual\naddress1=${addresses.lanRouter}/24`),
      },
      ['NetworkManager.service'],
    ),
  verbs: {
    down: 'nmcli connection down wan2',
    up: 'nmcli connection up wan2',
    reapply: 'nmcli device reapply wan1 && nmcli device reapply wan2',
    restart: 'systemctl restart NetworkManager',
  },
  harmless: ['reapply', 'restart'],
  more: {
    // Then NetworkManager adds 20000 to the metric of a default route whose line does not answer as told.
    'connectivity is checked, and found by neither line: both carry, as probes say otherwise': `
      printf '[connectivity]\\nuri=http://${addresses.server}:9/\\ninterval=2\\n' >/etc/NetworkManager/conf.d/check.conf
      systemctl reload NetworkManager
      until nmcli networking connectivity check | grep -qx limited; do sleep 0.2; done
      until ip route show default | grep -q 'metric 20[0-9][0-9][0-9]'; do sleep 0.2; done`,
    // `others` are endpoints that are not ours.
    'MPTCP is managed by NetworkManager, whose endpoints stay as they are while ours step aside': `
      others() { ip mptcp endpoint show | grep -vE ' id (6[5-9]|12[89]|13[0-9]) '; }
      for device in wan1 wan2; do
        nmcli connection modify $device connection.mptcp-flags subflow,backup
        nmcli connection up $device
      done
      until [ "$(others | grep -c 'backup')" = 2 ]; do sleep 0.2; done
      others >/run/endpoints
      ifbalance apply
      ip mptcp endpoint show | diff /run/endpoints - >&2
      (ifbalance check || :) | grep 'MPTCP: left to'`,
    'and are back when it leaves MPTCP alone': `
      for device in wan1 wan2; do
        nmcli connection modify $device connection.mptcp-flags disabled
        nmcli connection up $device
      done
      until [ "$(ip mptcp endpoint show | grep -c ' id 6[56] ')" = 2 ]; do sleep 0.2; done`,
    'the check is taken away again': `
      rm /etc/NetworkManager/conf.d/check.conf
      systemctl restart NetworkManager`,
    'networking is switched off, and on': `
      nmcli networking off
      nmcli networking on
      until [ "$(nmcli -t -f DEVICE,STATE device | grep -c '^wan.:connected$')" = 2 ]; do sleep 0.2; done`,
  },
})
