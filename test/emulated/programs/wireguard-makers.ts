/** Those who make interfaces of WireGuard, each with its own files and the policy rules that all of the host's packets follow. */
import { far, type Keys, type Name, names, near } from './tunnel-ends.ts'

export interface Maker {
  readonly files: (own: Keys, keys: Readonly<Record<Name, Keys>>) => Readonly<Record<string, string>>
  /** Command lines of sh(1). */
  readonly start: string
  /** Has it read its files anew, as an administrator does. */
  readonly again: string
  readonly stop: string
}

/** The one that is asked has a name, which leads elsewhere later. */
export const hostName = 'far.example'
const endpointOf = (name: Name) => `${name === 'usual' ? hostName : far[name].address}:${far[name].port}`
const allowed = { usual: '0.0.0.0/0', elsewhere: `${far.elsewhere.inside}/32`, roaming: `${far.roaming.inside}/32` }

/** A peer in the words that networkd and wg-quick share. */
const section = (title: string, name: Name, keys: Readonly<Record<Name, Keys>>) =>
  [
    `[${title}]`,
    `PublicKey=${keys[name].public}`,
    `AllowedIPs=${allowed[name]}`,
    ...(name === 'roaming' ? [] : [`Endpoint=${endpointOf(name)}`, 'PersistentKeepalive=25']),
    '',
  ].join('\n')

export const makers: Readonly<Record<string, Maker>> = {
  networkd: {
    files: (own, keys) => ({
      '/etc/systemd/network/30-wg0.netdev': [
        '[NetDev]\nName=wg0\nKind=wireguard\n',
        `[WireGuard]\nPrivateKey=${own.own}\nListenPort=${near.port}\nFirewallMark=0x8888\nRouteTable=1000\n`,
        ...names.map((name) => section('WireGuardPeer', name, keys)),
      ].join('\n'),
      '/etc/systemd/network/30-wg0.network': [
        `[Match]\nName=wg0\n\n[Network]\nAddress=${near.inside}/24\n`,
        '[RoutingPolicyRule]\nTable=main\nSuppressPrefixLength=0\nPriority=9\n',
        '[RoutingPolicyRule]\nFirewallMark=0x8888\nInvertRule=yes\nTable=1000\nPriority=10\n',
      ].join('\n'),
    }),
    start: 'networkctl reload',
    again: 'networkctl reload; networkctl reconfigure wg0',
    stop: 'rm /etc/systemd/network/30-wg0.*; networkctl delete wg0; networkctl reload',
  },
  NetworkManager: {
    files: (own, keys) => ({
      '/etc/NetworkManager/system-connections/wg0.nmconnection': [
        '[connection]\nid=wg0\ntype=wireguard\ninterface-name=wg0\nautoconnect=no\n',
        `[wireguard]\nprivate-key=${own.own}\nlisten-port=${near.port}\n`,
        ...names.map((name) =>
          [
            `[wireguard-peer.${keys[name].public}]`,
            `allowed-ips=${allowed[name]};`,
            ...(name === 'roaming' ? [] : [`endpoint=${endpointOf(name)}`, 'persistent-keepalive=25']),
            '',
          ].join('\n'),
        ),
        `[ipv4]\nmethod=manual\naddress1=${near.inside}/24\n`,
        '[ipv6]\nmethod=disabled\n',
      ].join('\n'),
    }),
    start: 'nmcli connection reload; nmcli connection up wg0',
    // To apply its files anew does not ask for names.
    again: 'nmcli connection reload; nmcli connection up wg0',
    stop: 'nmcli connection delete wg0',
  },
  'wg-quick': {
    files: (own, keys) => ({
      '/etc/wireguard/wg0.conf': [
        `[Interface]\nPrivateKey=${own.own}\nListenPort=${near.port}\nAddress=${near.inside}/24\n`,
        ...names.map((name) => section('Peer', name, keys)),
      ].join('\n'),
    }),
    start: 'systemctl start wg-quick@wg0',
    // A reload takes the interface's mark away, and with it the way of its own packets.
    again: 'systemctl restart wg-quick@wg0',
    stop: 'systemctl stop wg-quick@wg0',
  },
}
