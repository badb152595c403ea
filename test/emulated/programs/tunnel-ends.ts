/** The ends of the WireGuard tunnels of tunnel-makers.ts, and those of them that are far away. */
import { writeFileSync } from 'node:fs'
import { command, inNamespace, ipBatch } from '../../lab/command.ts'
import { addresses } from '../../lab/names.ts'
import type { Network } from '../../lab/network.ts'
import { sh } from './sh.ts'

/** The tunnels' far ends: one that is asked, one that a route of table main has on the second line, and one that asks by it. */
export const far = {
  usual: { device: 'wgfar', address: addresses.server, port: 51820, inside: '10.99.0.1' },
  elsewhere: { device: 'wgelse', address: '203.0.113.9', port: 51829, inside: '10.99.0.9' },
  roaming: { device: 'wgroam', address: '203.0.113.8', port: 51828, inside: '10.99.0.8' },
} as const
/** Another address of the one that is asked. */
export const elsewhereNamed = '203.0.113.2'
export type Name = keyof typeof far
export const names = Object.keys(far) as readonly Name[]
export const near = { port: 51821, inside: '10.99.0.2' } as const

export interface Keys {
  readonly own: string
  readonly public: string
}

export async function newKeys(): Promise<Keys> {
  const [own = '', shown = ''] = (await sh('k=$(wg genkey); echo $k; echo $k | wg pubkey')).split('\n')
  return { own, public: shown }
}

export async function startFarEnds(
  { internet }: Network,
  keys: Readonly<Record<Name, Keys>>,
  own: Keys,
): Promise<void> {
  const others = [elsewhereNamed, ...names.map((name) => far[name].address)].filter((one) => one !== addresses.server)
  await ipBatch(
    internet,
    others.map((address) => `address add ${address}/32 dev lo`),
  )
  for (const name of names) {
    const { device, port, inside } = far[name]
    writeFileSync(`/run/${device}.key`, keys[name].own, { mode: 0o600 })
    await ipBatch(internet, [`link add ${device} type wireguard`])
    const asking = name === 'roaming' ? ` endpoint ${addresses.publicOf(2)}:${near.port} persistent-keepalive 5` : ''
    const set = `wg set ${device} private-key /run/${device}.key listen-port ${port} peer ${own.public} allowed-ips ${near.inside}/32${asking}`
    await command(inNamespace(internet, ['/bin/sh', '-c', set]))
    await ipBatch(internet, [
      `address add ${inside}/32 dev ${device}`,
      `link set ${device} up`,
      `route add ${near.inside}/32 dev ${device} table ${port}`,
      `rule add from ${inside} lookup ${port}`,
    ])
  }
}
