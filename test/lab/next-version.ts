/** A package that is newer than the one built, and the same in everything else: what an upgrade meets. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.ts'

/** Writes it to `target`, not compressed: that is what takes long. Returns its version. */
export async function packNextVersion(deb: string, target: string): Promise<string> {
  const folder = mkdtempSync('/tmp/ifbalance-next-')
  try {
    const tree = join(folder, 'tree')
    await command(['/usr/bin/dpkg-deb', '--raw-extract', deb, tree])
    const control = join(tree, 'DEBIAN/control')
    const text = readFileSync(control, 'utf8')
    const version = `${/^Version: (.*)$/m.exec(text)?.[1]}+next`
    writeFileSync(control, text.replace(/^Version: .*$/m, `Version: ${version}`))
    await command(['/usr/bin/dpkg-deb', '-Znone', '--build', tree, target])
    return version
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
