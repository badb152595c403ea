/** Keeps what a hook said where every later run reads it (src/observe). */
import { existsSync, lstatSync } from 'node:fs'
import { paths } from '../layout.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { readIfThere, removeFile, replaceFile } from '../os/files.ts'
import { listOf } from '../values/checked.ts'
import type { Delegation, Fact } from './hook-event.ts'
import { mergeStanzas } from './stanza.ts'

/** `device` must be a checked interface name: it becomes a file's name. Throws what the file system throws. */
export function keepFact(device: string, fact: Fact): void {
  switch (fact.kind) {
    case 'none':
      return
    case 'lease':
      keep(`${paths.leases}/${device}.json`, fact.lease)
      return
    case 'stanza': {
      const file = `${paths.stanzas}/${device}.json`
      keep(file, fact.options && mergeStanzas(ofThisTime(file), fact.options))
      return
    }
    case 'name-servers': {
      const file = `${paths.nameServers6}/${device}.json`
      const heard = { ...earlier(file), [fact.from]: fact.servers }
      keep(file, Object.values(heard).flat().length > 0 ? heard : null)
    }
  }
}

/** As for `keepFact`. Prefixes keep their places: which comes first must not change with each renewal. */
export function keepDelegation(device: string, { gone, there }: Delegation): void {
  const file = `${paths.delegations}/${device}.json`
  const left = gone === 'all' ? [] : routedPrefixes(listOf(earlier(file))).filter((prefix) => !gone.includes(prefix))
  const prefixes = [...new Set([...left, ...there])]
  keep(file, prefixes.length === 0 ? null : prefixes)
}

function keep(file: string, value: object | null): void {
  if (value === null) removeFile(file)
  else replaceFile(file, `${JSON.stringify(value)}\n`)
}

/**
 * Of an interface's other stanza. ifupdown(8) says when an interface is down, and all is forgotten then; ifupdown2's `ifreload`
 * takes a changed stanza over without a word of that.
 */
function ofThisTime(file: string): object {
  if (!existsSync(paths.ifupdown2)) return earlier(file)
  const written = lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return Math.abs(Date.now() - written) < oneRunMs ? earlier(file) : {}
}

/** ifupdown2 runs an interface's stanzas one after the other. */
const oneRunMs = 5000

/** Written by ourselves, in a folder that only root and the daemon can write; a broken file is as good as none. */
function earlier(file: string): object {
  try {
    const value: unknown = JSON.parse(readIfThere(file, 4096) ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
