/** `ifbalance drain UPLINK`: no new connections by it; those that are there stay until they end, or `enable` comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { print } from '../cli/output.ts'
import { isRoot, refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { switchUplink } from '../cli/switch-uplink.ts'
import { uplinkCalled } from '../daemon/control/switching.ts'
import { countLiving } from '../kernel/conntrack/living.ts'
import type { Config } from '../model/config.ts'
import { log } from '../os/log.ts'
import { surveyWithoutRuleset } from '../reconcile/reconcile.ts'
import { loadSwitched } from '../store/switches.ts'

const lookMs = 2000

interface Call {
  readonly words: readonly string[]
  /** Whether to wait until no connection is left. */
  readonly wait: boolean
}

/** Resolves with the exit code: with `wait`, 0 once no connection is left, and 1 where the drain was ended before. */
export async function run({ words, wait }: Call): Promise<number> {
  if (wait && refusedToOthers('drain --wait')) return 1
  const code = await switchUplink('drain', words)
  if (code !== 0 || !isRoot()) return code
  const { config } = settings()
  const { uplinks } = (await surveyWithoutRuleset(config)).desired
  const name = uplinkCalled(words[0] ?? '', uplinks)
  const uplink = uplinks.find((one) => one.name === name)
  return uplink ? watchLeft(uplink, config, wait) : 1
}

async function watchLeft(uplink: { readonly name: string; readonly number: number }, config: Config, wait: boolean) {
  for (let before: number | null = null; ; await sleep(lookMs)) {
    const left = await countLiving(uplink.number, config.layout)
    if (left !== before) print(left === 1 ? '1 connection is left' : `${left === 0 ? 'no' : left} connections are left`)
    before = left
    if (left === 0 || !wait) return 0
    if (!loadSwitched('drained').includes(uplink.name)) {
      log.error(`drain: ${uplink.name} is no longer drained`)
      return 1
    }
  }
}
