/** Router advertisements (radvd): a provider's, from fe80::1, the same address for all providers; and those of a LAN's. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { command, inNamespace, ipBatch, type Running, start } from './command.ts'
import type { Disposer } from './disposer.ts'
import type { Isp } from './isp.ts'
import { addresses, labPaths } from './names.ts'

export interface Advertised {
  /** Seconds that the default route lasts. */
  readonly router: number
  /** Seconds that addresses last, and may be used for new connections; null: no address is to be made. */
  readonly valid: number | null
  readonly preferred: number
}

export interface Advertising {
  /** From now on, every three or four seconds. */
  advertise(what: Advertised): Promise<void>
  /** No advertisement any more, and no goodbye. */
  silence(): Promise<void>
}

export async function openAdvertising(undo: Disposer, { namespace, number }: Isp): Promise<Advertising> {
  const folder = `${labPaths.machines}/${namespace}`
  mkdirSync(folder, { recursive: true })
  const prefix = addresses.prefix6Of(number)
  let server: Running | null = null
  undo.defer(`router advertisements of ISP ${number}`, () => server?.stop())
  await ipBatch(namespace, ['addr add fe80::1/64 dev sub nodad', `addr add ${prefix}::1/64 dev sub nodad`])
  return {
    advertise: async ({ router, valid, preferred }) => {
      await server?.stop()
      const autonomous =
        valid === null ? 'AdvAutonomous off;' : `AdvValidLifetime ${valid}; AdvPreferredLifetime ${preferred};`
      writeFileSync(
        `${folder}/radvd.conf`,
        `interface sub {
           AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime ${router};
           AdvRASrcAddress { fe80::1; };
           prefix ${prefix}::/64 { ${autonomous} };
         };
        `,
      )
      const options = [
        '--nodaemon',
        '--logmethod=stderr',
        `--config=${folder}/radvd.conf`,
        `--pidfile=${folder}/radvd.pid`,
      ]
      server = await start(inNamespace(namespace, ['/usr/sbin/radvd', ...options]))
    },
    silence: async () => {
      await server?.stop()
      server = null
    },
  }
}

/**
 * A router on a LAN says that it leads out, and into `prefix`, a /64, until it is stopped; then it says that it does no
 * more.
 */
export async function advertiseOnLan(namespace: string, device: string, prefix: string): Promise<Running> {
  const folder = `${labPaths.machines}/${namespace}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    `${folder}/radvd.conf`,
    `interface ${device} {
       AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultPreference high;
       prefix ${prefix} { };
     };
    `,
  )
  await command(inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1']))
  const files = [`--config=${folder}/radvd.conf`, `--pidfile=${folder}/radvd.pid`]
  return await start(inNamespace(namespace, ['/usr/sbin/radvd', '--nodaemon', '--logmethod=stderr', ...files]))
}
