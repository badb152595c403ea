/** A transfer whose program prints, again and again, how many bytes it has had. */
import { monotonicMs, type Running } from './command.ts'

export interface FollowedBytes {
  readonly bytes: () => number
  /** The longest time without a byte, in ms. */
  readonly silence: () => number
}

export function followBytes(client: Running): FollowedBytes {
  let [bytes, at, silence] = [0, monotonicMs(), 0]
  client.onLine((line) => {
    silence = Math.max(silence, monotonicMs() - at)
    at = monotonicMs()
    bytes = Number(line)
  })
  return { bytes: () => bytes, silence: () => Math.max(silence, monotonicMs() - at) }
}
