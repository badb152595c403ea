/** Tunnels of this host, whose packets go by uplinks. */
import type { Family } from '../net/family.ts'

/** A peer of a WireGuard interface, with where it was heard last, or is said to be. */
export interface TunnelPeer {
  readonly device: string
  /** Its public key. */
  readonly key: string
  /** As wg(8) has it: `203.0.113.1:51820`, `[2001:db8::1]:51820`. */
  readonly endpoint: string
  readonly family: Family
  readonly address: string
  readonly port: number
  /** The port of this host's end. */
  readonly listenPort: number
}

/** A UDP connection of the kernel's table. */
export interface UdpFlow {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly mark: number
  /** Whether a packet has gone the other way. */
  readonly isAnswered: boolean
}
