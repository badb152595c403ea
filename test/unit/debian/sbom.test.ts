/** The list of what is inside of the executable, against the bundle itself, the lock file and debian/copyright. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleSources } from '../../../esbuild.bundle.ts'
import { bundlePage } from '../../../esbuild.page.ts'
import { packagesOf, sbomOf } from '../../../esbuild.sbom.ts'

/** What the bundle is made of. */
async function bundled(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-sbom-'))
  try {
    return await bundleSources(join(folder, 'bundle.cjs'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function inPage(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-page-'))
  try {
    return await bundlePage(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('what is inside is listed, with version and license, and nothing else', async () => {
  const inputs = await bundled()
  const foreign = inputs.filter((path) => !path.startsWith('src/'))
  const { components, metadata } = sbomOf(inputs, process.versions)
  const libraries = components.filter(({ type }) => type === 'library')
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  // Each file of others is in a package that is listed, and each package has files.
  const isOf = (path: string, name: string) => path.includes(`node_modules/${name}/`)
  expect(foreign.filter((path) => !libraries.some(({ name }) => isOf(path, name)))).toEqual([])
  expect(libraries.filter(({ name }) => !foreign.some((path) => isOf(path, name)))).toEqual([])
  expect(libraries.map(({ name }) => name)).toEqual(expect.arrayContaining(['dbus-next', 'execa', 'ini']))
  for (const path of packagesOf(inputs)) {
    const name = path.replace(/^.*node_modules\//, '')
    const { version, license } = packages[path]
    const [{ license: said } = {}] =
      libraries.find((one) => one.name === name && one.version === version)?.licenses ?? []
    expect(Object.values(said ?? {}), name).toEqual(license === undefined ? [] : [license])
  }
  expect(components.find(({ name }) => name === 'node')).toMatchObject({ version: process.versions.node })
  expect(metadata.component).toMatchObject({ name: 'ifbalance', licenses: [{ license: { id: 'MIT' } }] })
})

test('debian/copyright names each package that is inside, and those inside of the page', async () => {
  const copyright = readFileSync('debian/copyright', 'utf8')
  const paths = packagesOf([...(await bundled()), ...(await inPage())]).map((path) =>
    path.replace(/^.*node_modules\//, ''),
  )
  expect(paths.filter((name) => !copyright.includes(`node_modules/${name}/*`))).toEqual([])
})

test('packages are the same where node_modules is a link to another place', () => {
  const at = (prefix: string) =>
    packagesOf([`${prefix}node_modules/@x/a/b.js`, `${prefix}node_modules/c/node_modules/d/e.js`])
  expect(at('')).toEqual(['node_modules/@x/a', 'node_modules/c/node_modules/d'])
  expect(at('../../elsewhere/')).toEqual(at(''))
})
