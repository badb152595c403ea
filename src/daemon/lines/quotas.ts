/** Keeps count of uplinks with a quota: reads their counters, and writes sums down now and then. */
import { readFileSync } from 'node:fs'
import { readCounters } from '../../kernel/devices/counters.ts'
import { count, verdictOf } from '../../lines/quota.ts'
import type { Cause } from '../../model/cause.ts'
import type { Config, QuotaConfig } from '../../model/config.ts'
import type { Uplink } from '../../model/uplink.ts'
import { log } from '../../os/log.ts'
import { dayOf, loadBooks, quotaFile, saveBooks, type Used } from '../../store/quota.ts'
import type { Ticker } from '../ticker.ts'

const lookMs = 5000
/** How often counts are written down: a power cut loses no more than this. */
const writeMs = 60_000

export interface Quotas {
  readonly update: (uplinks: readonly Uplink[], config: Config) => void
  /** What is to happen to the uplink now; null while something is left of its quota, or it has none. */
  readonly verdict: (uplink: string) => QuotaConfig['atQuota'] | null
  readonly stop: () => void
}

/** Keeps the counts. Calls `onChange` when a quota is used up, and when there is one again. */
export function keepQuotas(pulse: Ticker, onChange: (cause: Cause) => void): Quotas {
  let used = new Map<string, Used>()
  let read = false
  let watched: readonly { readonly name: string; readonly device: string; readonly quota: QuotaConfig }[] = []
  const over = new Map<string, QuotaConfig['atQuota']>()
  let written = performance.now()
  let complained = false

  function look(): undefined {
    if (watched.length === 0) return
    if (!read) used = new Map(loadBooks())
    read = true
    const counters = readCounters()
    const boot = bootId()
    for (const { name, device, quota } of watched) {
      const found = counters.get(device)
      if (!found) continue
      const today = dayOf(new Date())
      const now = count(used.get(name), { counter: found.rxBytes + found.txBytes, boot, device, today }, quota)
      used.set(name, now)
      judge(name, verdictOf(now, today, quota))
    }
    if (performance.now() - written > writeMs) write()
  }

  function judge(name: string, verdict: QuotaConfig['atQuota'] | null): void {
    if (verdict === (over.get(name) ?? null)) return
    if (verdict === null) over.delete(name)
    else over.set(name, verdict)
    write()
    const reason = verdict === null ? `${name} has quota again` : `the quota of ${name} is used up`
    onChange({ kind: 'quota', uplink: name, reason })
  }

  function write(): void {
    if (used.size === 0) return
    written = performance.now()
    try {
      saveBooks(used)
    } catch (error) {
      if (!complained) log.failure('writing', quotaFile.path, error)
      complained = true
    }
  }

  pulse.join(look, lookMs)
  return {
    update: (uplinks, config) => {
      watched = uplinks.flatMap(({ name, interface: device }) => {
        const quota = config.uplinks.find((section) => section.name === name)?.quota
        return quota ? [{ name, device, quota }] : []
      })
      for (const name of [...over.keys()]) if (!watched.some((uplink) => uplink.name === name)) over.delete(name)
      look()
    },
    verdict: (uplink) => over.get(uplink) ?? null,
    stop: () => {
      look()
      write()
    },
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
