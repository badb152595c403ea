/** Devices of the balanced default, of what `ip route show table 30098` prints: the best route, and none of those behind it. */
export function balancedDevices(text: string): readonly string[] {
  const best = text.split(/^default/m)[1] ?? ''
  return [...best.matchAll(/dev (\S+)/g)].map(([, device]) => device ?? '').sort()
}
