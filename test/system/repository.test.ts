/** The package from a repository of its own, in a Debian that is not booted: installed, upgraded, removed, purged, and once more. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Chroot, createChroot } from '../lab/chroot.ts'
import { command } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { image } from '../lab/image.ts'
import { packVersion } from '../lab/next-version.ts'
import { filesLeft, pathsOf } from './files.ts'
import { lacksLab } from './needs.ts'

const missing = await lacksLab()
const own = '/etc/ifbalance/conf.d/50-mine.conf'
const wish = '[uplink office]\ninterface = eth3\nenabled = no\n'
const unit = 'usr/lib/systemd/system/ifbalance.service'

describe.skipIf(missing)('a repository of the package', () => {
  let undo: Disposer
  let repository: string
  let versions: readonly string[]

  beforeAll(async () => {
    undo = disposer()
    const folder = mkdtempSync('/tmp/ifbalance-repo-')
    undo.defer(`folder ${folder}`, async () => rmSync(folder, { recursive: true, force: true }))
    const env = { GNUPGHOME: `${folder}/gnupg`, HOME: folder }
    mkdirSync(env.GNUPGHOME, { mode: 0o700 })
    const gpg = ['/usr/bin/gpg', '--batch', '--passphrase', '', '--quick-generate-key', 'test@ifbalance.invalid']
    await command([...gpg, 'ed25519', 'sign', 'never'], { env })
    undo.defer('the agent of gpg', () => command(['/usr/bin/gpgconf', '--kill', 'gpg-agent'], { env }))
    repository = `${folder}/repo`
    const pool = `${repository}/pool/main/i/ifbalance`
    mkdirSync(pool, { recursive: true })
    const deb = builtDeb()
    versions = [
      // The first version had its units below /lib.
      await packVersion(
        deb,
        `${pool}/ifbalance_0.1.0_amd64.deb`,
        () => '0.1.0',
        (tree) => {
          mkdirSync(`${tree}/lib`)
          renameSync(`${tree}/usr/lib/systemd`, `${tree}/lib/systemd`)
        },
      ),
      /_(.*)_amd64\.deb$/.exec(deb)?.[1] ?? '',
      // In the next, a file of /etc is another one.
      await packVersion(
        deb,
        `${pool}/ifbalance_9_amd64.deb`,
        (version) => `${version}+next`,
        (tree) => {
          const path = `${tree}/etc/ifbalance/ifbalance.conf`
          writeFileSync(path, `${readFileSync(path, 'utf8')}\n# Further words.\n`)
        },
      ),
    ]
    const script = `${import.meta.dirname}/../../debian/build-repo.ts`
    await command([process.execPath, script, '--key', 'test@ifbalance.invalid', '--output', repository], { env })
  })
  afterAll(() => undo?.dispose())

  test.each(['bookworm', 'trixie'] as const)(
    'U4: apt installs from it, upgrades with a changed conf.d and asks nothing, and leaves nothing behind: %s',
    async (release) => {
      const [first = '', present = '', next = ''] = versions
      const chroot = await createChroot(undo, await image(release, [], progress), release)
      useRepository(chroot)
      const apt = (...args: readonly string[]) =>
        chroot.exec(['/usr/bin/apt-get', '--yes', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } })
      const version = async () => {
        const query = [
          '/usr/bin/dpkg-query',
          '--show',
          '--showformat',
          '$' + '{db:Status-Status} $' + '{Version}',
          'ifbalance',
        ]
        return (await chroot.exec(query, { accept: [0, 1] })).stdout
      }
      await apt('update')
      const before = await pathsOf(chroot)

      await apt('install', `ifbalance=${first}`)
      writeFileSync(chroot.root + own, wish)
      for (const to of [present, next]) {
        await apt('install', to === next ? 'ifbalance' : `ifbalance=${to}`)
        expect(await version()).toBe(`installed ${to}`)
        expect(readFileSync(chroot.root + own, 'utf8')).toBe(wish)
        expect(readFileSync(join(chroot.root, unit), 'utf8')).toContain('ExecStart=/usr/sbin/ifbalance daemon')
        expect((await chroot.exec(['/usr/bin/dpkg', '--verify', 'ifbalance'])).stdout).toBe('')
      }
      const main = `${chroot.root}/etc/ifbalance/ifbalance.conf`
      expect(readFileSync(main, 'utf8')).toMatch(/# Further words\.\n$/)
      expect(readdirSync(`${chroot.root}/etc/ifbalance`).sort()).toEqual(['conf.d', 'hooks.d', 'ifbalance.conf'])

      await apt('remove', 'ifbalance')
      expect(readFileSync(chroot.root + own, 'utf8')).toBe(wish)
      await apt('purge', 'ifbalance')
      expect(filesLeft(before, await pathsOf(chroot))).toEqual([])
      await apt('install', 'ifbalance')
      expect(await version()).toBe(`installed ${next}`)
      await apt('purge', 'ifbalance')
      expect(filesLeft(before, await pathsOf(chroot))).toEqual([])
    },
  )

  test('apt takes nothing from it that was changed on the way', async () => {
    const chroot = await createChroot(undo, await image('trixie', [], progress), 'changed')
    useRepository(chroot)
    const index = `${chroot.root}/srv/repo/dists/stable/InRelease`
    writeFileSync(index, readFileSync(index, 'utf8').replace(/^Label: .*$/m, 'Label: Ifbalance'))
    const { stderr, exitCode } = await chroot.exec(['/usr/bin/apt-get', '--error-on=any', 'update'], {
      accept: [0, 100],
    })
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/BADSIG|[Ss]ignature|not signed/),
      exitCode: 100,
    })
  })

  function useRepository({ root }: Chroot): void {
    cpSync(repository, `${root}/srv/repo`, { recursive: true })
    for (const name of ['sources.list', 'sources.list.d'])
      rmSync(`${root}/etc/apt/${name}`, { recursive: true, force: true })
    for (const name of ['sources.list.d', 'keyrings']) mkdirSync(`${root}/etc/apt/${name}`, { recursive: true })
    copyFileSync(`${repository}/ifbalance.asc`, `${root}/etc/apt/keyrings/ifbalance.asc`)
    const source = ['Types: deb', 'URIs: file:/srv/repo', 'Suites: stable', 'Components: main']
    const text = [...source, 'Signed-By: /etc/apt/keyrings/ifbalance.asc', ''].join('\n')
    writeFileSync(`${root}/etc/apt/sources.list.d/ifbalance.sources`, text)
  }
})

function progress(line: string): void {
  process.stdout.write(`  ${line}\n`)
}
