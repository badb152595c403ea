/** Packages of other versions, and the same in everything else: what upgrades meet. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.ts'

/** Writes one that is newer than the one built to `target`. Returns its version. */
export function packNextVersion(deb: string, target: string): Promise<string> {
  return packVersion(deb, target, (version) => `${version}+next`)
}

/** Not compressed: that is what takes long. `edit` gets the folder with the package's files and DEBIAN. */
export async function packVersion(
  deb: string,
  target: string,
  versionOf: (version: string) => string,
  edit: (tree: string) => void = () => {},
): Promise<string> {
  const folder = mkdtempSync('/tmp/ifbalance-next-')
  try {
    const tree = join(folder, 'tree')
    await command(['/usr/bin/dpkg-deb', '--raw-extract', deb, tree])
    const control = join(tree, 'DEBIAN/control')
    const text = readFileSync(control, 'utf8')
    const version = versionOf(/^Version: (.*)$/m.exec(text)?.[1] ?? '')
    writeFileSync(control, text.replace(/^Version: .*$/m, `Version: ${version}`))
    edit(tree)
    await command(['/usr/bin/dpkg-deb', '--root-owner-group', '-Znone', '--build', tree, target])
    return version
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
