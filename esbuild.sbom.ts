/** What is inside of the executable, as a CycloneDX document: the program, its npm packages, and the runtime's parts. */
import { readFileSync } from 'node:fs'

interface Component {
  readonly type: 'application' | 'library' | 'platform'
  readonly 'bom-ref'?: string
  readonly name: string
  readonly version?: string
  readonly purl?: string
  readonly licenses?: readonly { readonly license: { readonly id: string } | { readonly name: string } }[]
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[]
  readonly components?: readonly Component[]
}

export interface Sbom {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.5'
  readonly version: 1
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
}

interface Locked {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
}

/**
 * Of the bundle's inputs (esbuild's metafile) and the versions of the runtime, `process.versions`. The same for the same
 * sources: no time and no serial number. Run it in the project's folder.
 */
export function sbomOf(inputs: readonly string[], runtime: NodeJS.ProcessVersions): Sbom {
  const { name, version, license }: { name: string; version: string; license: string } = readJson('package.json')
  const { packages }: { packages: Readonly<Record<string, Locked>> } = readJson('package-lock.json')
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': name, name, version, ...licensed(license) } },
    components: [...packagesOf(inputs).map((path) => npmPackage(path, packages[path])), nodeRuntime(runtime)],
  }
}

/**
 * Folders of packages that inputs are in, such as `node_modules/a/node_modules/b`, wherever the outermost is: in the tree
 * that packages are built in, it is a link.
 */
export function packagesOf(inputs: readonly string[]): readonly string[] {
  const folders = inputs.map((path) => {
    const [inside] = /node_modules\/.*$/.exec(path) ?? []
    return inside && /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(inside)?.[0]
  })
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort()
}

function npmPackage(path: string, locked: Locked | undefined): Component {
  const name = path.replace(/^.*node_modules\//, '')
  if (locked === undefined) throw new Error(`listing what is inside: ${path} is not in package-lock.json`)
  const purl = `pkg:npm/${name.replace('@', '%40')}@${locked.version}`
  const [, digest] = /^sha512-(.+)$/.exec(locked.integrity ?? '') ?? []
  const hash =
    digest === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') } as const]
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version: locked.version,
    purl,
    ...licensed(locked.license),
    ...(hash.length > 0 && { hashes: hash }),
  }
}

function nodeRuntime({ node, ...parts }: NodeJS.ProcessVersions): Component {
  const libraries = Object.entries(parts)
    // The number of an interface is no part.
    .filter(([name]) => !['modules', 'napi', 'cldr', 'tz', 'unicode'].includes(name))
    .map(([name, version]) => ({ type: 'library', name, ...(version && { version }) }) as const)
  const purl = `pkg:generic/node@${node}`
  return { type: 'platform', 'bom-ref': purl, name: 'node', version: node, purl, components: libraries }
}

/** By SPDX's name where it is one; others are said as the package says them. */
function licensed(said: string | undefined): Pick<Component, 'licenses'> {
  if (said === undefined) return {}
  const isSpdx = /^(MIT|ISC|(Apache|BSD|BlueOak|Zlib|0BSD)[\w.-]*)$/.test(said)
  return { licenses: [{ license: isSpdx ? { id: said } : { name: said } }] }
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'))
}
