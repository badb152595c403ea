/** Every kind of flow that the world of world.ts has. */
import type { Family } from '../../../src/net/family.ts'
import type { Flow } from './flows.ts'
import { servicePort as port, server } from './world.ts'

const clients: Readonly<Record<string, Readonly<Record<Family, string>>>> = {
  lan: { inet: '192.168.77.10', inet6: 'fd00:77::10' },
  dmz: { inet: '198.51.100.2', inet6: '2001:db8:1:d::10' },
  vpn: { inet: '172.30.0.1', inet6: 'fd00:99::1' },
}

export function clientOf(namespace: string, family: Family): string {
  return clients[namespace]?.[family] ?? ''
}

/** The host's device towards a namespace. */
export function deviceOf(namespace: string): string {
  return namespace === 'vpn' ? 'tun0' : `${namespace}0`
}

const families = ['inet', 'inet6'] as const
const protocols = ['udp', 'tcp'] as const
/** So many of each kind that is spread: some take each uplink. */
const spread = 3

type Kind = Omit<Flow, 'id' | 'family' | 'protocol'>

function ofBoth(name: string, kind: (family: Family) => readonly Kind[]): readonly Flow[] {
  return families.flatMap((family) =>
    protocols.flatMap((protocol) =>
      kind(family).map((one, index) => ({ ...one, family, protocol, id: `${name} ${family} ${protocol} ${index}` })),
    ),
  )
}

const several = (kind: Kind): readonly Kind[] => Array.from({ length: spread }, () => kind)

export const allFlows: readonly Flow[] = [
  ...ofBoth('host', (family) => several({ namespace: 'host', destination: server[family], port })),
  ...families.flatMap((family): readonly Flow[] => [
    {
      ...{
        id: `host unconnected ${family}`,
        namespace: 'host',
        family,
        protocol: 'udp',
        destination: server[family],
        port,
      },
      unconnected: true,
    },
  ]),
  ...ofBoth('host by device', (family) => [
    { namespace: 'host', destination: server[family], port, device: 'wan1' },
    { namespace: 'host', destination: server[family], port, device: 'wan2' },
  ]),
  ...ofBoth('host by address', (family) =>
    [1, 2].map((i) => ({
      ...{ namespace: 'host', destination: server[family], port },
      source: family === 'inet' ? `10.${i}.0.2` : `2001:db8:${i}::2`,
    })),
  ),
  ...ofBoth('host with a mark', (family) => [{ namespace: 'host', destination: server[family], port, mark: 5 }]),
  ...ofBoth('host to its networks', (family) =>
    ['lan', 'dmz', 'vpn'].map((name) => ({ namespace: 'host', destination: clientOf(name, family), port })),
  ),
  ...ofBoth('lan', (family) =>
    several({ namespace: 'lan', destination: server[family], port, source: clientOf('lan', family) }),
  ),
  ...ofBoth('dmz', (family) =>
    several({ namespace: 'dmz', destination: server[family], port, source: clientOf('dmz', family) }),
  ),
  ...ofBoth('lan to its neighbours', (family) =>
    ['dmz', 'vpn'].map((name) => ({
      ...{ namespace: 'lan', destination: clientOf(name, family), port },
      source: clientOf('lan', family),
    })),
  ),
  ...ofBoth('lan to the host', (family) => [
    { namespace: 'lan', destination: family === 'inet' ? '192.168.77.1' : 'fd00:77::1', port },
    { namespace: 'lan', destination: family === 'inet' ? '10.2.0.2' : '2001:db8:2::2', port },
  ]),
  ...ofBoth('another client', (family) =>
    family === 'inet' ? several({ namespace: 'lan', destination: server.inet, port, source: '192.168.77.11' }) : [],
  ),
  ...ofBoth('from outside', (family) =>
    [1, 2].map((i) => ({
      ...{ namespace: `isp${i}`, source: server[family], port },
      destination: family === 'inet' ? `10.${i}.0.2` : `2001:db8:${i}::2`,
    })),
  ),
  ...ofBoth('forwarded from outside', (family) =>
    family === 'inet'
      ? [1, 2].map((i) => ({ namespace: `isp${i}`, source: server.inet, destination: `10.${i}.0.2`, port: 8080 }))
      : [],
  ),
  ...ofBoth('from outside to the dmz', (family) => [
    { namespace: 'isp1', source: server[family], destination: clientOf('dmz', family), port },
  ]),
]
