/** What ifupdown's hooks would have said of interfaces that came up before we were installed. */
import { existsSync } from 'node:fs'
import { optionalPrograms, paths } from '../ids.ts'
import { log, messageOf } from '../os/log.ts'
import { run } from '../os/run.ts'
import { isInterfaceName } from '../valid.ts'
import type { Environment } from './event.ts'
import { keepFact } from './keep.ts'
import { readStanzaEvent } from './stanza.ts'

/** Asks ifquery(8) for the stanzas of the interfaces that are up and that no hook has told of. Failures are logged. */
export async function keepEarlierStanzas(): Promise<void> {
  if (!existsSync(optionalPrograms.ifquery)) return
  try {
    const { stdout } = await run(optionalPrograms.ifquery, ['--state'], { accept: [0, 1] })
    for (const [device, logical] of parseState(stdout)) {
      if (existsSync(`${paths.stanzas}/${device}.json`)) continue
      const { stdout: options } = await run(optionalPrograms.ifquery, [logical])
      const { fact, complaints } = readStanzaEvent(device, parseOptions(options))
      for (const complaint of complaints) log.warning(complaint)
      keepFact(device, fact)
    }
  } catch (error) {
    log.warning(`asking ifupdown for its stanzas: ${messageOf(error)}`)
  }
}

/** `wan1=home` a line: interface and stanza. */
export function parseState(stdout: string): readonly (readonly [device: string, logical: string])[] {
  return stdout.split('\n').flatMap((line) => {
    const [device = '', logical = ''] = line.split('=')
    return device !== 'lo' && isInterfaceName(device) && isInterfaceName(logical) ? [[device, logical] as const] : []
  })
}

/** `balance-weight: 4` a line -> IF_BALANCE_WEIGHT=4, as interfaces(5) makes it for hooks; only what we read. */
export function parseOptions(stdout: string): Environment {
  const options = [...stdout.matchAll(/^(balance(?:-[a-z]+)?|dns-nameservers?): (.*)$/gm)]
  return Object.fromEntries(options.map(([, key = '', value]) => [`IF_${key.toUpperCase().replace('-', '_')}`, value]))
}
