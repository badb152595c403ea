import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'

let folder: string
let main: string
let dropIns: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ifbalance-config-'))
  main = join(folder, 'ifbalance.conf')
  dropIns = join(folder, 'conf.d')
})
afterEach(() => rmSync(folder, { recursive: true }))

function load() {
  return loadConfig({ config: main, configDropIns: dropIns })
}

function write(path: string, content: string | Buffer, mode = 0o644): void {
  writeFileSync(path, content)
  chmodSync(path, mode)
}

test('no file at all is fine', () => {
  expect(load()).toMatchObject({ ok: true, warnings: [], config: { uplinks: [], balance: { adopt: 'auto' } } })
  rmSync(folder, { recursive: true })
  expect(load()).toMatchObject({ ok: true })
  mkdirSync(folder)
})

test('drop-ins come by name after the main file; others in the folder are left alone', () => {
  mkdirSync(dropIns)
  write(main, '[uplink home]\nweight = 1\nmetric = 1\n')
  write(join(dropIns, '20-b.conf'), '[uplink home]\nweight = 20\n')
  write(join(dropIns, '10-a.conf'), '[uplink home]\nweight = 10\nmetric = 10\n')
  write(join(dropIns, '30-c.conf.dpkg-old'), '[uplink home]\nweight = 30\n')
  write(join(dropIns, '.40-d.conf'), '[uplink home]\nweight = 40\n')
  expect(load()).toMatchObject({ ok: true, warnings: [], config: { uplinks: [{ weight: 20, metric: 10 }] } })
})

test('C7: a drop-in with a strange name is told about', () => {
  mkdirSync(dropIns)
  write(join(dropIns, 'a b.conf'), 'garbage')
  writeFileSync(Buffer.concat([Buffer.from(join(dropIns, 'x')), Buffer.from([0xff]), Buffer.from('.conf')]), 'garbage')
  const loaded = load()
  expect(loaded.ok && loaded.warnings).toEqual([
    `${join(dropIns, 'a b.conf')}: ignored: expected a file name of letters, digits, _ . + -`,
    `${join(dropIns, 'x\uFFFD.conf')}: ignored: expected a file name of letters, digits, _ . + -`,
  ])
})

test('errors of a drop-in name it, and come with those of files that cannot be read', () => {
  mkdirSync(dropIns)
  mkdirSync(main)
  symlinkSync('nowhere', join(dropIns, '10-a.conf'))
  write(join(dropIns, '20-b.conf'), '[balance]\nmode = x\n')
  const loaded = load()
  expect(loaded.ok || loaded.errors).toEqual([
    `reading ${main}: not a regular file`,
    `reading ${join(dropIns, '10-a.conf')}: ENOENT: no such file or directory`,
    expect.stringContaining(`${join(dropIns, '20-b.conf')}:2: [balance] mode: "x"`),
  ])
})

test.each<[string, () => unknown, string]>([
  ['a folder', () => mkdirSync(main), 'not a regular file'],
  ['a FIFO that nobody writes', () => execFileSync('/usr/bin/mkfifo', [main]), 'not a regular file'],
  ['a device', () => symlinkSync('/dev/zero', main), 'not a regular file'],
  ['a loop of links', () => symlinkSync(main, main), 'ELOOP'],
  ['10 MB', () => write(main, '#'.repeat(10 * 1024 * 1024)), 'larger than 1 MB'],
  ['a NUL byte', () => write(main, '[balance]\nmode = \0'), 'a NUL byte on line 2'],
  [
    'Latin-1',
    () => write(main, Buffer.from('# \uFFFD fine\n# caf\xe9\n'.replace('\uFFFD', 'e'), 'latin1')),
    'not UTF-8 on line 2',
  ],
  ['a cut-off letter', () => write(main, Buffer.from([0x23, 0x0a, 0x0a, 0xc3])), 'not UTF-8 on line 3'],
  ['a file that everyone may write', () => write(main, '', 0o666), 'everyone may write it'],
])('C4: %s is one clear error, at once', (_, make, cause) => {
  make()
  const loaded = load()
  expect(loaded).toMatchObject({ ok: false, understood: { uplinks: [] } })
  expect(loaded.ok || loaded.errors).toEqual([expect.stringContaining(`reading ${main}: ${cause}`)])
})

test('C4: a socket', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(main, resolve))
  try {
    expect(load()).toMatchObject({ ok: false, errors: [expect.stringContaining(`reading ${main}: `)] })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
  write(main, '')
})

test('C4: a folder of drop-ins that everyone may write', () => {
  mkdirSync(dropIns)
  chmodSync(dropIns, 0o777)
  const loaded = load()
  expect(loaded.ok || loaded.errors).toEqual([`reading ${dropIns}: everyone may write it: expected chmod o-w`])
})

test('C4: exactly 1 MB, byte order mark and CRLF are fine', () => {
  const head = '\uFEFF[uplink home]\r\nweight = 3\r\n'
  write(main, head + '#'.repeat(1024 * 1024 - Buffer.byteLength(head)))
  expect(load()).toMatchObject({ ok: true, config: { uplinks: [{ name: 'home', weight: 3 }] } })
})
