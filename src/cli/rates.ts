/** Rates of devices from their counters, and what was. Pure. */

export interface Rate {
  /** Bits a second from the internet, and to it. */
  readonly down: number
  readonly up: number
}

export interface Bytes {
  readonly rxBytes: number
  readonly txBytes: number
}

interface Course {
  /** The latest is last. */
  readonly rates: readonly Rate[]
  readonly latest: Bytes
}

export interface Rates {
  /** In milliseconds of any clock that only goes forward; null before the first look. */
  readonly at: number | null
  readonly devices: ReadonlyMap<string, Course>
}

export const noRates: Rates = { at: null, devices: new Map() }

/** As many as the widest terminal has columns for. */
const most = 512

/** With the counters of another look. A device whose counters went back is another one: its course begins anew. */
export function addLook(rates: Rates, counters: ReadonlyMap<string, Bytes>, at: number): Rates {
  const seconds = rates.at === null ? 0 : (at - rates.at) / 1000
  const devices = [...counters].map(([device, { rxBytes, txBytes }]): [string, Course] => {
    const before = rates.devices.get(device)
    const latest = { rxBytes, txBytes }
    if (!before || seconds <= 0 || rxBytes < before.latest.rxBytes || txBytes < before.latest.txBytes)
      return [device, { rates: [], latest }]
    const rate = (now: number, then: number) => ((now - then) * 8) / seconds
    const fresh = { down: rate(rxBytes, before.latest.rxBytes), up: rate(txBytes, before.latest.txBytes) }
    return [device, { rates: [...before.rates, fresh].slice(-most), latest }]
  })
  return { at, devices: new Map(devices) }
}

export function ratesOf({ devices }: Rates, device: string): readonly Rate[] {
  return devices.get(device)?.rates ?? []
}
