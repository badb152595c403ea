/** Text of the configuration files -> Config. Pure. */

import { isRuleName, isUplinkName } from '../net/valid.ts'
import { Failure } from '../os/error.ts'
import { didYouMean } from '../values/nearest.ts'
import { buildConfig } from './build.ts'
import type { Draft } from './draft.ts'
import { sectionKeys } from './keys.ts'
import { type Section, splitLines } from './lines.ts'
import type { ConfigFile, LoadedConfig } from './loaded.ts'
import { prudent } from './prudent.ts'
import { isForOthers, readSection } from './section.ts'
import { type Diagnostics, newDiagnostics, quoted, type SourceLocation } from './values/diagnostics.ts'
import type { Outside } from './values/outside.ts'

/** Reads files, later ones over earlier ones, and reports every error of every file. Never throws. */
export function parseConfig(files: readonly ConfigFile[], outside: Outside = nothingOutside): LoadedConfig {
  const report = newDiagnostics()
  const draft: Draft = { balance: {}, uplinks: new Map(), rules: new Map() }
  for (const file of files) addFile(draft, file, report)
  const config = buildConfig(draft, outside, report)
  const errors = report.errors()
  return errors.length === 0
    ? { ok: true, config, warnings: report.warnings() }
    : { ok: false, errors, understood: prudent(config, report.faults()) }
}

const nothingOutside: Outside = {
  readSet: (path) => {
    throw new Failure('unreadable', `reading ${path}: no such file or directory`)
  },
  userId: () => null,
}

function addFile(draft: Draft, { path, text }: ConfigFile, report: Diagnostics): void {
  const { sections, mistakes } = splitLines(text.replace(/^\uFEFF/, ''))
  for (const { line, message } of mistakes) report.error({ path, line }, message)
  const seen = new Map<string, number>()
  for (const section of sections) {
    const title = titleOf(section)
    const place = { path, line: section.line, section: title }
    const earlier = seen.get(title)
    if (earlier !== undefined) report.error(place, `comes twice in this file, first on line ${earlier}: expected once`)
    seen.set(title, earlier ?? section.line)
    addSection(draft, section, place, report)
  }
}

function titleOf({ kind, name }: Section): string {
  const title = name === null ? kind : `${kind} ${name}`
  return `[${title.length > 60 ? `${title.slice(0, 60)}...` : title}]`
}

function addSection(draft: Draft, section: Section, place: SourceLocation, report: Diagnostics): void {
  if (section.kind === 'balance') {
    if (section.name !== null) report.error(place, 'expected [balance] without a name')
    draft.balance = { ...draft.balance, ...readSection(sectionKeys.balance, section.entries, place, report) }
    const said = section.entries.findLast(({ key }) => key === 'spread' || key === 'mode')
    if (said) draft.spreadPlace = { ...place, line: said.line, key: said.key }
  } else if (section.kind === 'ha') {
    if (section.name !== null) report.error(place, 'expected [ha] without a name')
    const values = readSection(sectionKeys.ha, section.entries, place, report)
    draft.ha = { values: { ...draft.ha?.values, ...values }, place: draft.ha?.place ?? place }
  } else if (section.kind === 'notify') {
    if (section.name !== null) report.error(place, 'expected [notify] without a name')
    const values = readSection(sectionKeys.notify, section.entries, place, report)
    draft.notify = { values: { ...draft.notify?.values, ...values }, place: draft.notify?.place ?? place }
  } else if (section.kind === 'uplink') {
    addUplink(draft, section, place, report)
  } else if (section.kind === 'rule') {
    addRule(draft, section, place, report)
  } else if (!isForOthers(section.kind)) {
    const suggestion = didYouMean(section.kind, Object.keys(sectionKeys))
    report.error(place, `unknown section ${quoted(section.kind)}${suggestion}`)
  }
}

function addUplink({ uplinks }: Draft, { name, entries }: Section, place: SourceLocation, report: Diagnostics): void {
  const values = readSection(sectionKeys.uplink, entries, place, report)
  if (name === null || !isUplinkName(name)) {
    const given = name === null ? 'no name' : quoted(name)
    report.error(
      place,
      `${given}: expected [uplink NAME], NAME of at most 31 letters, digits, _ . -, and a letter in it`,
    )
    return
  }
  const earlier = uplinks.get(name)
  const line = entries.find(({ key }) => key === 'interface')?.line
  uplinks.set(name, {
    values: { ...earlier?.values, ...values },
    place: line === undefined ? (earlier?.place ?? place) : { ...place, line, key: 'interface' },
  })
}

function addRule({ rules }: Draft, { name, entries }: Section, place: SourceLocation, report: Diagnostics): void {
  const values = readSection(sectionKeys.rule, entries, place, report)
  if (name === null || !isRuleName(name)) {
    const given = name === null ? 'no name' : quoted(name)
    report.error(
      place,
      `${given}: expected [rule NAME], NAME of at most 31 letters, digits, _ -, beginning with a letter`,
    )
    return
  }
  const earlier = rules.get(name)
  const keys = entries.map(({ key, line }) => [key, { ...place, line, key }] as const)
  rules.set(name, {
    values: { ...earlier?.values, ...values },
    place: earlier?.place ?? place,
    keys: new Map([...(earlier?.keys ?? []), ...keys]),
  })
}
