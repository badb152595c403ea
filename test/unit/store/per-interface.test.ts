/** Folders with one file an interface. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { perInterface } from '../../../src/store/per-interface.ts'

test('what was told long ago of interfaces that are gone is removed, and nothing else', () => {
  const path = mkdtempSync(join(tmpdir(), 'per-interface-'))
  try {
    const folder = perInterface<string>(path, { parse: String, format: String })
    for (const device of ['wan1', 'usb1', 'usb2']) folder.save(device, 'told')
    writeFileSync(join(path, 'other'), '')
    for (const file of ['wan1.json', 'usb1.json', 'other']) utimesSync(join(path, file), 1000, 1000)
    folder.removeOld(new Set(['wan1']), 2_000_000)
    expect(readdirSync(path).sort()).toEqual(['other', 'usb2.json', 'wan1.json'])
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
})
