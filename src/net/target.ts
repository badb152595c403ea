/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`. Pure. */

export function hostOf(target: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(target)?.[1] ?? /^([\d.]+):\d+$/.exec(target)?.[1] ?? target
}

export function portOf(target: string, other: number): number {
  const port = /^\[.*\]:(\d+)$/.exec(target)?.[1] ?? /^[\d.]+:(\d+)$/.exec(target)?.[1]
  return port === undefined ? other : Number(port)
}

/** The address in a target or URL, or the name. */
export function addressOf(target: string): string {
  return /^https?:/.test(target) ? new URL(target).hostname.replace(/^\[|\]$/g, '') : hostOf(target)
}
