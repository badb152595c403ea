import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'

function read(text: string) {
  return parseConfig([{ path: 'x', text: `[notify]\n${text}\n` }])
}

test('who is told, and when', () => {
  const said = [
    'mail = root, ann+net@example.org',
    'command = /usr/local/bin/tell --team net;work',
    'webhook = https://chat.example.org:8443/hooks/a?b=c',
    'quiet = 23:00 - 7:30',
  ]
  expect(read(said.join('\n').replace(';', '\\;'))).toMatchObject({
    ok: true,
    config: {
      notify: {
        mail: ['root', 'ann+net@example.org'],
        command: ['/usr/local/bin/tell', '--team', 'net;work'],
        webhook: 'https://chat.example.org:8443/hooks/a?b=c',
        afterSeconds: 30,
        quiet: { from: 23 * 60, until: 7 * 60 + 30 },
      },
    },
  })
})

test.each([
  'mail = -oQ/tmp',
  'mail = root,\\nBcc: x@example.org',
  'mail = ann@',
  'command = tell',
  'command = /bin/../bin/sh',
  'webhook = ftp://example.org/',
  'webhook = https://ann:secret@example.org/',
  'webhook = https://exa mple.org/',
  'after = 30',
  'quiet = 23:00',
  'quiet = 24:00-07:00',
  'quiet = 07:00-07:00',
])('%s is refused', (line) => {
  expect(read(line).ok).toBe(false)
})

test('a section that names nobody is told', () => {
  expect(read('after = 1m')).toMatchObject({
    ok: true,
    warnings: ['x:1: [notify]: nobody is told: expected mail, command or webhook'],
  })
})
