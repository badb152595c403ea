/** What ifupdown's hooks would have said of interfaces that came up before we were installed. */
import { existsSync } from 'node:fs'
import { optionalPrograms, paths } from '../layout.ts'
import { isInterfaceName } from '../net/valid.ts'
import { log } from '../os/log.ts'
import { run } from '../os/run.ts'
import { stanzas } from '../store/stanzas.ts'
import { listOf, objectOf, stringOf } from '../values/checked.ts'
import type { Environment } from './hook-event.ts'
import { keepFact } from './keep.ts'
import { mergeStanzas, readStanzaEvent } from './stanza.ts'

/**
 * Asks ifquery(8) for the stanzas of the interfaces that are up and that no hook has told of, and keeps them. Failures
 * are logged.
 */
export async function keepEarlierStanzas(): Promise<void> {
  if (!existsSync(optionalPrograms.ifquery)) return
  try {
    for (const [device, environments] of await (existsSync(paths.ifupdown2) ? askIfupdown2() : askIfupdown())) {
      if (stanzas.has(device)) continue
      const events = environments.map((env) => readStanzaEvent(device, env))
      for (const complaint of events.flatMap(({ complaints }) => complaints)) log.warning(complaint)
      const options = events.flatMap(({ fact }) => (fact.kind === 'stanza' ? (fact.options ?? []) : []))
      keepFact(device, { kind: 'stanza', options: options.reduce(mergeStanzas, {}) })
    }
  } catch (error) {
    log.failure('asking', 'ifupdown for its stanzas', error)
  }
}

/** For each interface, the environments that its hooks had. */
type Stanzas = readonly (readonly [device: string, environments: readonly Environment[]])[]

async function askIfupdown(): Promise<Stanzas> {
  const { stdout } = await run(optionalPrograms.ifquery, ['--state'], { accept: [0, 1] })
  const found: [string, readonly Environment[]][] = []
  for (const [device, logical] of parseState(stdout)) {
    const { stdout: options } = await run(optionalPrograms.ifquery, [logical])
    found.push([device, [parseOptions(options)]])
  }
  return found
}

/** Stanzas from ifupdown2. It has no `--state`, so what is configured and exists counts as up. */
async function askIfupdown2(): Promise<Stanzas> {
  const { stdout } = await run(optionalPrograms.ifquery, ['-a', '-o', 'json'])
  return parseConfigured(stdout).filter(([device]) => existsSync(`${paths.netDevices}/${device}`))
}

/** Interfaces and their stanzas from text lines such as `wan1=home`. */
export function parseState(stdout: string): readonly (readonly [device: string, logical: string])[] {
  return stdout.split('\n').flatMap((line) => {
    const [device = '', logical = ''] = line.split('=')
    return device !== 'lo' && isInterfaceName(device) && isInterfaceName(logical) ? [[device, logical] as const] : []
  })
}

/**
 * The environment that interfaces(5) makes of options for hooks: `balance-weight: 4` -> IF_BALANCE_WEIGHT=4. Only what
 * we read.
 */
export function parseOptions(stdout: string): Environment {
  return environmentOf([...stdout.matchAll(/^(\S+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value]))
}

/**
 * Stanzas from ifupdown2's JSON list. An interface may have several; an option that is given several times is a list.
 */
export function parseConfigured(stdout: string): Stanzas {
  const configured = listOf(JSON.parse(stdout)).map(objectOf)
  const names = new Set(configured.map(({ name }) => stringOf(name)))
  return [...names]
    .filter((name) => name !== 'lo' && isInterfaceName(name))
    .map((name) => [
      name,
      configured
        .filter((stanza) => stanza['name'] === name)
        .map(({ config }) =>
          environmentOf(
            Object.entries(objectOf(config)).map(([key, value]) => [key, stringOf(listOf(value)[0] ?? value)]),
          ),
        ),
    ])
}

function environmentOf(options: readonly (readonly [key: string, value: string])[]): Environment {
  return Object.fromEntries(
    options
      .filter(([key]) => /^(balance(-[a-z]+)?|dns-nameservers?|gateway)$/.test(key))
      .map(([key, value]) => [`IF_${key.toUpperCase().replace('-', '_')}`, value]),
  )
}
