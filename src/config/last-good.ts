/**
 * The last configuration without errors, which store/last-good.ts keeps on disk with all that it was made of. Whatever
 * becomes of the files, a restart, an upgrade and a boot go on with it. It is kept as texts and not values, so that
 * each version of the program reads them in its own way.
 */
import type { Config } from '../model/config.ts'
import { Failure } from '../os/error.ts'
import { log } from '../os/log.ts'
import { type ConfigSource, loadLastGood } from '../store/last-good.ts'
import { getOwn } from '../values/get-own.ts'
import { parseConfig } from './parse.ts'

/**
 * The configuration and since when it is kept; null where there is none, or this version finds errors in it. Never
 * throws.
 */
export function readLastGood(): { readonly config: Config; readonly since: Date } | null {
  const kept = loadLastGood()
  const config = kept && configOf(kept.source)
  return config && { config, since: kept.since }
}

function configOf({ files, sets, users }: ConfigSource): Config | null {
  try {
    const parsed = parseConfig(files, {
      readSet: (path) => {
        const set = getOwn(sets, path)
        if (set === undefined) throw new Failure('unreadable', `reading ${path}: not kept`)
        return set
      },
      userId: (name) => getOwn(users, name) ?? null,
    })
    return parsed.ok ? parsed.config : null
  } catch (error) {
    log.failure('reading', 'the last configuration without errors', error)
    return null
  }
}
