/** The host's own addresses, asked of the kernel without a program. */
import { networkInterfaces } from 'node:os'

/** Whether an interface that is up has the address now, written as inet_ntop(3) does (getifaddrs(3)). */
export function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address))
}
