/** The list of commands against what is written of them elsewhere. What fails here names the command that was forgotten. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command } from '../../../src/cli/command.ts'
import { usage } from '../../../src/cli/usage.ts'
import { commands } from '../../../src/commands/list.ts'
import { callOf, entriesOf, manPage, sectionOf } from '../../lab/man-page.ts'

const root = join(import.meta.dirname, '../../..')
const list = Object.entries<Command>(commands)
const names = list.map(([name]) => name)
const page = manPage('ifbalance.8')
const heads = entriesOf(page).map(({ head }) => head)

test('each command has a file of its name, and each file a command', () => {
  const files = readdirSync(join(root, 'src/commands')).map((file) => file.replace('.ts', ''))
  expect(files.filter((name) => name !== 'list').sort()).toEqual([...names].sort())
})

test.each(list)('ifbalance --help has %s and its options', (name, { options }) => {
  const entries = usage(commands).split(/^ {2}(?=\S)/m)
  const entry = entries.find((one) => one.startsWith(`${name} `)) ?? ''
  expect(entry).not.toBe('')
  expect([...optionsIn(entry)].sort()).toEqual(Object.keys(options).sort())
})

test('the synopsis of ifbalance(8) calls each as ifbalance --help does', () => {
  const calls = sectionOf(page, 'SYNOPSIS')
    .split(/^\.Nm\n/m)
    .flatMap((macros) => {
      const [, alternatives = '', rest = ''] = /^\.Cm ([^\n]*)\n(.*)$/s.exec(macros) ?? []
      return alternatives === '' ? [] : alternatives.split(' | ').map((name) => `${name} ${callOf(rest)}`)
    })
  const usages = list.map(([name, { usage, options }]) => {
    const call = usage.toLowerCase().replaceAll(' ', '')
    return `${name} ${hasListOfOptions(options) ? call.replace(/^(\[--[^\]]*\])+/, '[option...]') : call}`
  })
  expect(calls.sort()).toEqual(usages.sort())
})

test('ifbalance(8) describes each, and no other', () => {
  const described = heads.flatMap((head) => /^Cm (\S+)/.exec(head)?.[1] ?? [])
  expect([...new Set(described)].sort()).toEqual([...names].sort())
})

test('ifbalance(8) describes the options of each, and no other', () => {
  const described = new Set(heads.flatMap((head) => [...head.matchAll(/\bFl -([a-z-]+)/g)].map(([, option]) => option)))
  const taken = list.flatMap(([, { options }]) => Object.keys(options))
  expect([...described].sort()).toEqual([...new Set([...taken, 'help', 'version'])].sort())
  const inHead = (name: string) => heads.filter((head) => head.startsWith(`Cm ${name} `)).join()
  for (const [name, { options }] of list)
    if (!hasListOfOptions(options))
      expect(optionsIn(inHead(name).replaceAll(/Fl -/g, '--')), name).toEqual(Object.keys(options))
})

/** More than a line of a synopsis has room for. */
function hasListOfOptions(options: Command['options']): boolean {
  return Object.keys(options).length > 2
}

function optionsIn(text: string): readonly string[] {
  return [...text.matchAll(/--([a-z-]+)/g)].map(([, option = '']) => option)
}
