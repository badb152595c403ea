/** Targets of probes: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`. Pure. */

/** The target without its port and brackets. */
export function hostOf(target: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(target)?.[1] ?? /^([\d.]+):\d+$/.exec(target)?.[1] ?? target
}

/** The target's port; `other` where it names none. */
export function portOf(target: string, other: number): number {
  const port = /^\[.*\]:(\d+)$/.exec(target)?.[1] ?? /^[\d.]+:(\d+)$/.exec(target)?.[1]
  return port === undefined ? other : Number(port)
}

/** The host of a target or of an http(s) URL: an address without brackets, or a name. */
export function addressOf(target: string): string {
  return /^https?:/.test(target) ? new URL(target).hostname.replace(/^\[|\]$/g, '') : hostOf(target)
}

/** An address with its port, as targets are written. */
export function hostPort({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
