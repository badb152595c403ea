/** Sizes of packets in bytes, their headers included. */
import type { Family } from './family.ts'

/**
 * What we take every path to carry: in IPv6 it has to (RFC 8200, 5), in IPv4 it does (RFC 8899, 5.1.2). Whatever is found out by
 * asking lowers nothing below that.
 */
export const leastMtu: Readonly<Record<Family, number>> = { inet: 1200, inet6: 1280 }

/** What Ethernet takes. The internet's hosts send no more. */
export const ethernetMtu = 1500
