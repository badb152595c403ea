/** Messages are for people: who decides something looks at a code, an exit code or a field. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../src')

const files: readonly (readonly [file: string, text: string])[] = readdirSync(root, {
  recursive: true,
  encoding: 'utf8',
})
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [file, readFileSync(join(root, file), 'utf8')])

/** Words that hold what is told to people, or what another program has told them. */
const prose = String.raw`(?:messageOf\(\w+\)|String\((?:error|cause)\)|\b(?:\w+\??\.)*(?:message|stderr|cause|why|problem|fault))`

const decisions = [
  // message.includes('...')
  new RegExp(String.raw`${prose}\??\.(?:includes|startsWith|endsWith|match|matchAll|search|indexOf)\(`),
  // /.../.test(message), regexp.exec(stderr)
  new RegExp(String.raw`\.(?:test|exec)\(${prose}`),
  // message === 'running', but not with a type or with the empty text
  new RegExp(String.raw`(?<!typeof )(?<![\w.])${prose} [!=]== ['"\`][^'"\`]`),
  /(?<!typeof )\b\w+\??\.message [!=]==/,
  new RegExp(String.raw`switch \(${prose}\)`),
]

/** What other programs print is read here, next to them. */
const readers = new Set(['kernel/refusal-text.ts', 'kernel/iproute/batch-refusals.ts'])

function found(file: string, text: string): readonly string[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
    .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) && decisions.some((decision) => decision.test(line)))
    .map(({ line, at }) => `${at}: ${line.trim()}`)
}

test('nothing decides by the text of a message', () => {
  expect(files.length).toBeGreaterThan(200)
  expect(files.filter(([file]) => !readers.has(file)).flatMap(([file, text]) => found(file, text))).toEqual([])
})

test.each([
  "if (messageOf(error).includes('EACCES')) return true",
  "if (!(error instanceof Error && error.message.includes('NameHasNoOwner'))) throw error",
  'if (!/ENOENT|EACCES|EPERM/.test(cause)) return false',
  "onEnd: (cause) => onEnd(end ?? (cause.endsWith('ended with code 2') ? 'failed' : 'unknown')),",
  "if (reply !== null && reply.message !== 'running') log.warning(reply.message)",
  'const [, name] = /^calling/.exec(message) ?? []',
  "if (stderr.includes('No such file or directory')) return null",
])('that is found: %s', (line) => expect(found('x.ts', line)).toHaveLength(1))

test.each([
  "if (typeof value.message !== 'string') return null",
  'if (problem !== null) return problem',
  'const { message } = reply',
])('that is left alone: %s', (line) => expect(found('x.ts', line)).toEqual([]))

test('every error has a code', () => {
  const bare = files.flatMap(([file, text]) =>
    text.split('\n').flatMap((line, index) => (/\bnew Error\(/.test(line) ? [`${file}:${index + 1}`] : [])),
  )
  expect(bare).toEqual([])
})
