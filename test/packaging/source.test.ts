/** The source package: built as Debian builds, twice in surroundings of different kinds, and looked at by lintian. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../lab/command.ts'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { buildPackage, lintianOf } from './workshop.ts'

const project = `${import.meta.dirname}/../..`
const source = `${project}/dist/source`
const built = `${project}/dist/packaging`
const patient = 3_000_000

const surroundings = [
  { user: 65534, folder: '/build', umask: '022', env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' } },
  {
    user: 1234,
    folder: '/srv/another place/with-a-longer-name'.replace(' ', '_'),
    umask: '077',
    env: {
      LC_ALL: 'POSIX',
      LANG: 'tr_TR.UTF-8',
      TZ: 'Pacific/Kiritimati',
      USER: 'somebody',
      DEB_BUILD_OPTIONS: 'parallel=1',
    },
  },
] as const

/** What lintian of one release says and that of the other does not know, so an override of it is an error there. */
const known = {
  // Of a service that its socket starts.
  bookworm: 'package-supports-alternative-init-but-no-init.d-script',
  // The page for Cockpit has no homepage: there is none with a public address yet.
  trixie: 'appstream-metadata-validation-failed',
} as const

beforeAll(async () => {
  await command([process.execPath, `${project}/debian/build-source.ts`], { timeoutMs: patient })
  rmSync(built, { recursive: true, force: true })
}, patient)

test(
  'the same clone gives the same source package',
  async () => {
    const before = digests(source, () => true)
    await command([process.execPath, `${project}/debian/build-source.ts`], {
      timeoutMs: patient,
      env: { TZ: 'Pacific/Kiritimati' },
    })
    // What is signed says nothing of when or where; .buildinfo does, and .changes has its digest.
    const without = (all: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !/\.(buildinfo|changes)$/.test(name)))
    expect(without(digests(source, () => true))).toEqual(without(before))
  },
  patient,
)

describe.each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let undo: Disposer
  beforeAll(() => {
    undo = disposer()
  })
  afterAll(() => undo.dispose())

  test(
    'builds with its build dependencies alone, without a network, and into the same bytes anywhere',
    async () => {
      const folders: string[] = []
      for (const where of surroundings) {
        const folder = `${built}/${release}-${where.user}`
        mkdirSync(folder, { recursive: true })
        const room = disposer()
        try {
          const result = await buildPackage(room, release, source, where)
          for (const name of readdirSync(result).filter((name) => /\.deb$|_amd64\.(changes|buildinfo)$/.test(name))) {
            cpSync(`${result}/${name}`, `${folder}/${name}`)
          }
        } finally {
          await room.dispose()
        }
        folders.push(folder)
      }
      const [first = {}, second = {}] = folders.map((folder) => digests(folder, (name) => name.endsWith('.deb')))
      expect(Object.keys(first)).toEqual([
        expect.stringMatching(/^cockpit-ifbalance_.*_all\.deb$/),
        expect.stringMatching(/^ifbalance_.*_amd64\.deb$/),
      ])
      if (JSON.stringify(first) !== JSON.stringify(second))
        process.stdout.write(`  compare: diffoscope ${folders.join(' ')}\n`)
      expect(second).toEqual(first)
    },
    patient,
  )

  test(
    'lintian has nothing to say of the source package, nor of what was built of it',
    async () => {
      const { root, exec } = await lintianOf(undo, release)
      const [{ user }] = surroundings
      for (const folder of [source, `${built}/${release}-${user}`]) cpSync(folder, `${root}/srv`, { recursive: true })
      const script = `exec lintian --allow-root --display-info --suppress-tags ${known[release]} --fail-on error,warning /srv/*.changes`
      const { stdout, exitCode } = await exec(['/bin/sh', '-c', script], { accept: [0, 1, 2], timeoutMs: patient })
      expect({
        stdout: stdout.split('\n').filter((line) => /^[EWIP]: (?![^:]*: unused-override )/.test(line)),
        exitCode,
      }).toEqual({
        stdout: [],
        exitCode: 0,
      })
    },
    patient,
  )
})

function digests(folder: string, isMeant: (name: string) => boolean): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter(isMeant).sort()
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(`${folder}/${name}`))
        .digest('hex'),
    ]),
  )
}
