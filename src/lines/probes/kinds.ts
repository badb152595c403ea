/** Every kind of probe by its word in the configuration. */
import type { ProbeKind } from '../../model/probe-kind.ts'
import { arp } from './arp.ts'
import { dns } from './dns.ts'
import { page } from './http.ts'
import { icmp } from './icmp.ts'
import { none } from './none.ts'
import type { Prober } from './prober.ts'
import { script } from './script.ts'
import { tcp } from './tcp.ts'

export const probers: Readonly<Record<ProbeKind, Prober>> = {
  icmp,
  tcp,
  dns,
  http: page,
  https: page,
  arp,
  script,
  none,
}
