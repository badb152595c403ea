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
  /** The mark of the packets that this host's end sends; 0 for none. */
  readonly mark: number
}

/** What tells a peer from all others. */
export function tunnelKey({ device, key }: Pick<TunnelPeer, 'device' | 'key'>): string {
  return `${device} ${key}`
}

/** A UDP connection of the kernel's table, by the packet that began it. */
export interface UdpFlow {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** The address that answers are sent to: the source, or what that is translated to. */
  readonly answeredAt: string
  readonly mark: number
  /** Whether a packet has gone the other way. */
  readonly isAnswered: boolean
}

/** A conversation over UDP: the end that it has on this host, and its peer. */
export interface Conversation {
  readonly address: string
  readonly port: number
  readonly peer: string
  readonly peerPort: number
}

/** The conversation that somebody here has begun by this connection. */
export function begunBy(flow: UdpFlow): Conversation {
  return { address: flow.answeredAt, port: flow.sourcePort, peer: flow.destination, peerPort: flow.destinationPort }
}

/** The conversation that its peer has begun by this connection. */
export function begunAbroadBy(flow: UdpFlow): Conversation {
  return { address: flow.destination, port: flow.destinationPort, peer: flow.source, peerPort: flow.sourcePort }
}
