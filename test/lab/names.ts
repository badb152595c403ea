/** Names and places of the lab; all carry our pid, so that runs do not meet and leftovers can be told. */

const prefix = 'ifbl'

/** `ifbl-PID-ROLE`: network namespaces and folders. */
export function labName(role: string): string {
  return `${prefix}-${process.pid}-${role}`
}

/** A control group of this process, at the root of them all. Rooms share that: their number tells them apart, see ../room/enter. */
export function cgroupName(role: string): string {
  return `${prefix}-${process.env['IFBALANCE_ROOM'] ?? process.pid}-${process.pid}-${role}`
}

/** The pid in one of our names, null where the name is not ours. */
export function pidOfName(name: string): number | null {
  const match = /^ifbl-(\d+)-[a-z0-9]+$/.exec(name)
  return match?.[1] === undefined ? null : Number(match[1])
}

export const labPaths = {
  images: '/var/cache/ifbalance-lab',
  machines: '/run/ifbalance-lab',
  namespaces: '/run/netns',
} as const

/** Addresses from the ranges that RFC 5737 and RFC 3849 keep for documentation, and RFC 1918. */
export const addresses = {
  server: '203.0.113.1',
  server6: '2001:db8:ffff::1',
  /** Anycast resolvers of three operators. */
  resolvers: ['1.1.1.1', '8.8.8.8', '9.9.9.9'],
  resolvers6: ['2606:4700:4700::1111', '2001:4860:4860::8888', '2620:fe::fe'],
  lanRouter: '192.168.77.1',
  lanClient: '192.168.77.10',
  lanRouter6: 'fd00:77::1',
  lanClient6: 'fd00:77::10',
  publicOf: (isp: number) => `198.51.100.${isp}`,
  public6Of: (isp: number) => `2001:db8:f00${isp}::1`,
  subnetOf: (isp: number) => `10.${isp}.0`,
  prefix6Of: (isp: number) => `2001:db8:${isp}`,
} as const

export const ports = { whoAmI: 7000, echo: 7001, inbound: 8080, forwarded: 8081 } as const
