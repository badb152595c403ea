/** The case folders: a world (`ip -batch` lines, files of /run), a configuration, and what is to be done about it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '../src/config/parse.ts'
import type { Config } from '../src/model/config.ts'

const folder = new URL('cases/', import.meta.url)

export interface Case {
  readonly name: string
  readonly path: string
  readonly config: Config
  read(file: string): string
  write(file: string, text: string): void
}

export function allCases(): readonly Case[] {
  return readdirSync(folder).map((name) => {
    const path = fileURLToPath(new URL(`${name}/`, folder))
    const read = (file: string) => (existsSync(path + file) ? readFileSync(path + file, 'utf8') : '')
    const loaded = parseConfig([{ path: 'ifbalance.conf', text: read('ifbalance.conf') }])
    if (!loaded.ok) throw new Error(`${name}: ${loaded.errors.join('\n')}`)
    return { name, path, config: loaded.config, read, write: (file, text) => writeFileSync(path + file, text) }
  })
}
