/** F5, F6: firewalls and Docker's rules beside ours, with the real programs: loaded, reloaded, flushed, taken away. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checked } from '../json.ts'
import { command, ipBatch, programArgv, startIn, waitForLine } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { addresses, ports } from '../lab/names.ts'
import { checkShare } from '../lab/shares.ts'
import { connections, countByPeer, openSessions } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

/** What Docker Engine 24 makes for its default bridge; it makes them anew whenever it starts. */
const docker = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -i lan0 -j ACCEPT
-A DOCKER-USER -o lan0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-USER -j RETURN
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
COMMIT
`

const container = `set -e
ip link add docker0 type bridge
ip address add 172.17.0.1/16 dev docker0
ip link set docker0 up
ip netns add box
ip link add veth0 master docker0 type veth peer name eth0 netns box
ip link set veth0 up
ip -n box address add 172.17.0.2/16 dev eth0
ip -n box link set eth0 up
ip -n box route add default via 172.17.0.1
`

describe.skipIf(await lacksLab())('others on the host', () => {
  let lab: Lab
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)
  const shell = (script: string) => run('/bin/bash', '-ec', script)

  beforeAll(async () => {
    const packages = ['iptables', 'ufw', 'firewalld']
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release: 'trixie', stack: 'networkd', ipv6: true, packages, progress })
    const units = ['firewalld.service', 'ufw.service']
    await command(['/usr/bin/systemctl', `--root=${lab.machine.root}`, '--quiet', 'disable', ...units])
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
    await lab.boot()
    await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
  })
  afterAll(() => lab?.dispose())

  /** Host and LAN use both uplinks, nothing fails, and nothing of ours is missing or too much. */
  async function expectBalanced(what: string): Promise<void> {
    for (const from of ['host', 'lan'] as const) {
      expectBoth(countByPeer(await connections(lab.network[from], 60)), 60, `${what}: ${from}`)
    }
    expect((await run('/usr/sbin/ifbalance', 'plan')).stdout, what).toBe('Nothing to change.\n')
  }

  function expectBoth(counts: Readonly<Record<string, number>>, sum: number, what: string): void {
    const [one = 0, two = 0] = [1, 2].map((isp) => counts[addresses.publicOf(isp)])
    expect(one + two, `${what}: ${JSON.stringify(counts)}`).toBe(sum)
    checkShare(one, sum, 0.5, what)
  }

  test('F6: firewalld: started, reloaded, stopped', async () => {
    await run('/usr/bin/systemctl', 'start', 'firewalld')
    await shell(`firewall-cmd -q --permanent --zone=trusted --add-interface=lan0
      firewall-cmd -q --permanent --zone=external --add-interface=wan1
      firewall-cmd -q --permanent --zone=external --add-interface=wan2
      firewall-cmd -q --reload`)
    expect((await run('/usr/sbin/nft', 'list', 'tables')).stdout).toContain('table inet firewalld')
    await expectBalanced('configured and reloaded')
    await run('/usr/bin/firewall-cmd', '-q', '--complete-reload')
    await expectBalanced('completely reloaded')
    await run('/usr/bin/systemctl', 'stop', 'firewalld')
    expect((await run('/usr/sbin/nft', 'list', 'tables')).stdout).not.toContain('table inet firewalld')
    await expectBalanced('stopped')
  })

  test('firewalld with all that is strict: both families, port forwards, and a reload that cuts nothing', async () => {
    const { network } = lab
    await shell(`ip address add fd00:77::1/64 dev lan0 nodad
      sed -i 's/^#* *IPv6_rpfilter=.*/IPv6_rpfilter=strict/; s/^#* *StrictForwardPorts=.*/StrictForwardPorts=yes/' /etc/firewalld/firewalld.conf
      grep -q '^IPv6_rpfilter=strict' /etc/firewalld/firewalld.conf
      grep -q '^StrictForwardPorts=yes' /etc/firewalld/firewalld.conf
      systemctl start firewalld
      forward=port=${ports.forwarded}:proto=tcp:toport=${ports.forwarded}:toaddr=${addresses.lanClient}
      firewall-cmd -q --permanent --zone=trusted --add-interface=lan0
      for device in wan1 wan2; do firewall-cmd -q --permanent --zone=external --change-interface=$device; done
      firewall-cmd -q --permanent --zone=external --add-forward-port=$forward
      firewall-cmd -q --permanent --zone=external --add-port=${ports.inbound}/tcp
      firewall-cmd -q --reload`)
    await ipBatch(network.lan, ['addr add fd00:77::10/64 dev eth0 nodad', 'route add default via fd00:77::1 dev eth0'])
    const services = [
      await startIn(network.host, programArgv('listen', [String(ports.inbound), 'host'])),
      await startIn(network.lan, programArgv('listen', [String(ports.forwarded), 'lan'])),
    ]
    const expectAll = async (what: string) => {
      await expectBalanced(what)
      for (const from of ['host', 'lan'] as const) {
        const counts = countByPeer(await connections(network[from], 40, { host: addresses.server6 }))
        const [one = 0, two = 0] = [1, 2].map((isp) => counts[addresses.public6Of(isp)])
        expect(one + two, `${what}, IPv6, ${from}: ${JSON.stringify(counts)}`).toBe(40)
        checkShare(one, 40, 0.5, `${what}, IPv6, ${from}`)
      }
      for (const isp of network.isps)
        for (const [port, word] of [
          [ports.inbound, 'host'],
          [ports.forwarded, 'lan'],
        ] as const) {
          const asked = await connections(network.internet, 10, { host: isp.publicAddress, port })
          expect(countByPeer(asked), `${what}, through ${isp.device}, port ${port}`).toEqual({ [word]: 10 })
        }
    }
    try {
      for (const service of services) await waitForLine(service, (line) => line === 'ready')
      for (const isp of network.isps) await isp.forwardInbound(await isp.hostAddress())
      await expectAll('strict')
      const sessions = [await openSessions(network.host, 8, 8, 50), await openSessions(network.lan, 8, 8, 50)]
      await run('/usr/bin/firewall-cmd', '-q', '--reload')
      await expectAll('reloaded')
      for (const group of sessions)
        for (const { protocol, peer, error } of await group.stop())
          expect([protocol, peer, error]).toEqual([protocol, peer, null])
    } finally {
      for (const service of services) await service.stop()
      await run('/usr/bin/systemctl', 'stop', 'firewalld')
    }
  })

  test('F6: ufw: enabled, reloaded, disabled', async () => {
    await shell('ufw default allow routed; ufw --force enable')
    expect((await run('/usr/sbin/ufw', 'status')).stdout).toContain('Status: active')
    await expectBalanced('enabled')
    await run('/usr/sbin/ufw', 'reload')
    await expectBalanced('reloaded')
    await run('/usr/sbin/ufw', '--force', 'disable')
    await expectBalanced('disabled')
  })

  test("F5, F6: Docker's rules, bridge and container: loaded, loaded again, flushed", async () => {
    await shell(container)
    const load = () => lab.machine.exec(['/usr/sbin/iptables-restore'], { input: docker })
    await load()
    await expectBalanced('loaded')
    const fromContainer = async () => {
      const script = 'for i in $(seq 40); do exec 3<>/dev/tcp/203.0.113.1/7000; cat <&3; exec 3>&-; done'
      const { stdout } = await run('/usr/sbin/ip', 'netns', 'exec', 'box', '/bin/bash', '-ec', script)
      const counts: Record<string, number> = {}
      for (const peer of stdout.trim().split('\n')) counts[peer] = (counts[peer] ?? 0) + 1
      return counts
    }
    expectBoth(await fromContainer(), 40, 'the container')
    const { stdout } = await run('/usr/sbin/ifbalance', 'status', '--json')
    const { uplinks } = checked('status', JSON.parse(stdout))
    expect(uplinks.map(({ interface: device }: { interface: string }) => device)).toEqual(['wan1', 'wan2'])
    await load()
    await expectBalanced('loaded again')
    expectBoth(await fromContainer(), 40, 'the container, loaded again')
    await shell(
      'for table in filter nat; do iptables -t $table -F; iptables -t $table -X; done; iptables -P FORWARD ACCEPT',
    )
    await expectBalanced('flushed')
    expectBoth(await fromContainer(), 40, 'the container, by our masquerade alone')
  })
})
