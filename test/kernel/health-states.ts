/** What the daemon of a health lab thinks and does, asked until it is as expected. */
import { monotonicMs } from '../lab/command.ts'
import { patienceMs, restMs } from '../lab/patience.ts'
import { bestOf, devicesOf } from './balanced.ts'
import type { HealthLab } from './health-lab.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Devices of the balanced default: of the best, as the others are met only when it is gone. */
export async function carriers(lab: HealthLab, family: '-4' | '-6' = '-4'): Promise<readonly string[]> {
  // ip(8) fails where there is no such table.
  const show = `/usr/sbin/ip ${family} route show default table 30098 || :`
  return devicesOf(bestOf(await lab.exec(['/bin/sh', '-c', show])))
}

export const health = (lab: HealthLab) => lab.exec(['/usr/bin/cat', '/run/ifbalance/health.json'])

/** Gives the ms that it took. */
export async function until(
  lab: HealthLab,
  what: string,
  isSo: () => Promise<boolean>,
  timeoutMs = patienceMs,
): Promise<number> {
  const begun = monotonicMs()
  for (let looked = begun; !(await isSo()); looked = monotonicMs()) {
    if (monotonicMs() - begun > timeoutMs)
      throw new Error(`never so: ${what}:\n${lab.said().slice(-20).join('\n')}\n${await health(lab)}`)
    await pause(restMs(monotonicMs() - looked))
  }
  return monotonicMs() - begun
}

export function untilCarriers(
  lab: HealthLab,
  wanted: readonly string[],
  family: '-4' | '-6' = '-4',
  timeoutMs = patienceMs,
): Promise<number> {
  const isSo = async () => (await carriers(lab, family)).join() === wanted.join()
  return until(lab, `${wanted.join()} carry`, isSo, timeoutMs)
}

/** So many lines have been judged, and are good. */
export async function untilJudged(lab: HealthLab, lines = 2): Promise<void> {
  const isSo = async () => ((await health(lab)).match(/"state":"online"/g) ?? []).length === lines
  await until(lab, `${lines} lines are online`, isSo)
}

/** A daemon without memory of earlier failures. */
export async function restart(lab: HealthLab, config = ''): Promise<void> {
  await lab.stopDaemon()
  await lab.exec(['/usr/bin/rm', '-f', '/run/ifbalance/health.json'])
  await lab.configure(config)
  await lab.startDaemon()
}
