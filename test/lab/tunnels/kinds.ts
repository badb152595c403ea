/**
 * Tunnels by the daemons that people run, between a host and the lab's server. Each end is a script of sh(1) that stays, in a
 * /run of its own; `$DIR` is a folder that both see.
 */
import { addresses } from '../names.ts'

export interface Tunnel {
  readonly name: string
  /** Run first: keys and modules. */
  readonly prepare: string
  readonly far: string
  readonly near: string
  /** What answers inside, and from which address it is asked where that has to be said. */
  readonly inside: string
  readonly source?: string
  /** Whether it needs what only Debian's kernel has. */
  readonly isDebian: boolean
}

const { server } = addresses

const wireguard = (name: string, near: string): Tunnel => ({
  name,
  isDebian: true,
  inside: '10.99.0.1',
  prepare:
    'modprobe wireguard; for end in near far; do wg genkey >$DIR/$end; wg pubkey <$DIR/$end >$DIR/$end.pub; done',
  far: `ip link add wgfar type wireguard; ip address add 10.99.0.1/24 dev wgfar
    wg set wgfar private-key $DIR/far listen-port 51820 peer $(cat $DIR/near.pub) allowed-ips 10.99.0.2/32
    ip link set wgfar up; exec sleep infinity`,
  near: `${near}; exec sleep infinity`,
})

const wgByHand = `ip link add wg0 type wireguard; ip address add 10.99.0.2/24 dev wg0
  wg set wg0 private-key $DIR/near peer $(cat $DIR/far.pub) endpoint ${server}:51820 allowed-ips 10.99.0.1/32 persistent-keepalive 25
  ip link set wg0 up`

const wgQuick = `mkdir -p /etc/wireguard; cat >/etc/wireguard/wg0.conf <<END
[Interface]
PrivateKey = $(cat $DIR/near)
Address = 10.99.0.2/24
[Peer]
PublicKey = $(cat $DIR/far.pub)
Endpoint = ${server}:51820
AllowedIPs = 0.0.0.0/0
PersistentKeepalive = 25
END
  wg-quick up wg0`

function openvpn(protocol: 'udp' | 'tcp'): Tunnel {
  const own = (end: string) => `--cert $DIR/${end}.crt --key $DIR/${end}.key --dev tun8 --verb 1`
  const print = (end: string) => `$(openssl x509 -in $DIR/${end}.crt -noout -fingerprint -sha256 | sed 's/.*=//')`
  const [serving, asking] = protocol === 'tcp' ? ['tcp-server', 'tcp-client'] : ['udp', 'udp']
  return {
    name: `OpenVPN, ${protocol.toUpperCase()}, keepalive 10 60`,
    isDebian: false,
    inside: '10.98.0.1',
    prepare: `for end in near far; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
      -subj /CN=$end -keyout $DIR/$end.key -out $DIR/$end.crt; done`,
    far: `exec openvpn ${own('far')} --proto ${serving} --local ${server} --topology subnet --server 10.98.0.0 255.255.255.0 \
      --dh none --peer-fingerprint ${print('near')} --keepalive 10 60`,
    near: `exec openvpn ${own('near')} --client --nobind --proto ${asking} --remote ${server} 1194 --peer-fingerprint ${print('far')}`,
  }
}

/** `settings` are this host's; the far end, which has no default route, is as installed. */
function strongswan(name: string, mobike: 'yes' | 'no', settings: string): Tunnel {
  const end = (which: 'near' | 'far', ike: string, child: string) => `mkdir -p /run/lock
    cat >$DIR/${which}.conf <<END
charon {
  plugins {
    include /etc/strongswan.d/charon/*.conf
  }
  ${which === 'near' ? settings : ''}
}
charon-systemd {
  filelog {
    stderr {
      default = 1
    }
  }
}
END
    cat >$DIR/${which}.swanctl <<END
connections {
  t {
    version = 2
    mobike = ${mobike}
    dpd_delay = 5s
    keyingtries = 0
    ${ike}
    local {
      auth = psk
      id = ${which}
    }
    remote {
      auth = psk
    }
    children {
      t {
        dpd_action = restart
        ${child}
      }
    }
  }
}
secrets {
  ike-t {
    secret = known-to-both
  }
}
END
    export STRONGSWAN_CONF=$DIR/${which}.conf
    (until [ -S /run/charon.vici ]; do sleep 0.1; done; swanctl --load-all --file $DIR/${which}.swanctl >&2) &
    exec charon-systemd >&2`
  const [near, far] = ['10.97.0.2', '10.97.0.1']
  return {
    name,
    isDebian: true,
    inside: far,
    source: near,
    prepare: 'modprobe -a esp4 xfrm_user',
    far: `ip address replace ${far}/32 dev lo
    ${end('far', '', `local_ts = ${far}/32\n        remote_ts = ${near}/32`)}`,
    near: `ip address replace ${near}/32 dev lo
    ${end('near', `remote_addrs = ${server}`, `local_ts = ${near}/32\n        remote_ts = ${far}/32\n        start_action = start\n        close_action = start`)}`,
  }
}

/** As ifbalance(8) says. */
const advised = 'install_routes = no\n  prefer_best_path = yes'

const pppOptions = 'noauth\\nnodefaultroute\\nlcp-echo-interval 5\\nlcp-echo-failure 3\\n'

const l2tp: Tunnel = {
  name: 'L2TP (xl2tpd, pppd), LCP echo each 5 s, 3 times',
  isDebian: true,
  inside: '10.96.0.1',
  prepare: 'modprobe -a ppp_generic l2tp_ppp; [ -e /dev/ppp ] || mknod /dev/ppp c 108 0',
  far: `mkdir -p /run/xl2tpd; printf '${pppOptions}' >$DIR/far.ppp
    printf '[global]\\nlisten-addr = ${server}\\n[lns default]\\nip range = 10.96.0.2-10.96.0.9\\nlocal ip = 10.96.0.1\\nrequire authentication = no\\npppoptfile = %s/far.ppp\\n' $DIR >$DIR/far.xl2tpd
    exec xl2tpd -D -c $DIR/far.xl2tpd -s /dev/null -p /run/xl2tpd/pid -C /run/xl2tpd/control`,
  near: `mkdir -p /run/xl2tpd; printf '${pppOptions}' >$DIR/near.ppp
    printf '[lac t]\\nlns = ${server}\\nautodial = yes\\nredial = yes\\nredial timeout = 2\\nmax redials = 1000\\npppoptfile = %s/near.ppp\\n' $DIR >$DIR/near.xl2tpd
    exec xl2tpd -D -c $DIR/near.xl2tpd -s /dev/null -p /run/xl2tpd/pid -C /run/xl2tpd/control`,
}

const sshTun = (end: 1 | 2) =>
  `ip tuntap add tun7 mode tun; ip address add 10.95.0.${end}/24 dev tun7; ip link set tun7 up`

const ssh: Tunnel = {
  name: 'SSH -w, ServerAlive each 5 s, 3 times, begun anew when it ends',
  isDebian: false,
  inside: '10.95.0.1',
  prepare: 'for end in near far; do ssh-keygen -q -t ed25519 -N "" -f $DIR/$end; done; chmod 711 $DIR',
  far: `${sshTun(1)}; mkdir -p /run/sshd
    exec /usr/sbin/sshd -D -e -f /dev/null -h $DIR/far -p 2222 -o AuthorizedKeysFile=$DIR/near.pub -o StrictModes=no -o PermitTunnel=yes \
      -o PermitRootLogin=yes -o UsePAM=no -o ClientAliveInterval=5 -o ClientAliveCountMax=3`,
  near: `${sshTun(2)}
    while :; do
      ssh -F /dev/null -i $DIR/near -p 2222 -N -w 7:7 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ExitOnForwardFailure=yes \
        -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 root@${server}
      sleep 1
    done`,
}

export const tunnels: readonly Tunnel[] = [
  wireguard('WireGuard, by ip and wg', wgByHand),
  wireguard('WireGuard, by wg-quick, for all addresses', wgQuick),
  openvpn('udp'),
  openvpn('tcp'),
  strongswan('strongSwan, MOBIKE, as installed', 'yes', ''),
  strongswan('strongSwan, MOBIKE, as ifbalance(8) advises', 'yes', advised),
  strongswan('strongSwan without MOBIKE, as installed', 'no', ''),
  strongswan('strongSwan without MOBIKE, as ifbalance(8) advises', 'no', advised),
  l2tp,
  ssh,
]
