/** Every source of gateways. Their order of trust is in model/gateway-sources.ts. */
import type { BusSource, SourceName } from '../model/gateway-sources.ts'
import { connman } from './connman.ts'
import { dhclient } from './dhclient.ts'
import { dhcpcd } from './dhcpcd.ts'
import { ifupdown } from './ifupdown.ts'
import { modemManager } from './modem-manager.ts'
import { networkManager } from './network-manager.ts'
import { networkd } from './networkd.ts'
import { pppd } from './pppd.ts'
import type { AskedSource, Hook, TellingSource } from './source.ts'

const asked: Readonly<Record<BusSource, AskedSource>> = {
  networkd,
  NetworkManager: networkManager,
  ConnMan: connman,
  ModemManager: modemManager,
}

const telling: Readonly<Record<Exclude<SourceName, BusSource>, TellingSource>> = { ifupdown, dhclient, dhcpcd, pppd }

export const services: readonly AskedSource[] = Object.values(asked)

/** Hooks by the names of their files in hooks/. */
export const hooks: Readonly<Record<string, Hook>> = Object.assign(
  {},
  ...[...Object.values(telling), ...services].map((source) => source.hooks),
)

/** Keeps what sources' hooks would have said of what was there before us, one source after the other. */
export async function keepEarlier(when: 'started' | 'installed'): Promise<void> {
  for (const { earlier } of Object.values(telling)) if (earlier?.when === when) await earlier.keep()
}
