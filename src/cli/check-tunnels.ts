/** Why tunnels do not follow the uplinks, where they might: systemd-networkd and NetworkManager make them without wg(8). */
import { existsSync } from 'node:fs'
import { optionalPrograms } from '../layout.ts'
import type { Config } from '../model/config.ts'
import type { Observed } from '../model/observed.ts'

/** Text lines, none or one. `isThere`: whether wg(8) is installed. */
export function checkTunnels(
  { balance }: Pick<Config, 'balance'>,
  { links }: Pick<Observed, 'links'>,
  isThere: () => boolean = () => existsSync(optionalPrograms.wg),
): readonly string[] {
  const devices = links.filter(({ kind }) => kind === 'wireguard').map(({ name }) => name)
  if (balance.tunnels === 'leave' || devices.length === 0 || isThere()) return []
  return [
    `WireGuard (${devices.slice(0, 8).join(', ')}): tunnels cannot follow the uplinks without ${optionalPrograms.wg}: install the package wireguard-tools`,
  ]
}
