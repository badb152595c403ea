/** A machine that cannot run these tests is told so loudly; where they are relied on (CI), it is a failure. */
import { existsSync, readdirSync } from 'node:fs'
import { missingForLab } from '../lab/lab.ts'

/** For describe.skipIf: true when the machine lacks something that the lab needs. Throws in CI instead. */
export async function lacksLab(): Promise<boolean> {
  const missing = await missingForLab()
  if (missing === null) return false
  if (process.env['CI']) throw new Error(`system tests: ${missing}`)
  process.stderr.write(`\n*** system tests SKIPPED: ${missing} ***\n\n`)
  return true
}

const dist = `${import.meta.dirname}/../../dist`

/** The package to test, as `npm run deb` made it. Throws when there is none, or more than one. */
export function debFile(): string {
  const files = existsSync(dist) ? readdirSync(dist).filter((name) => /^ifbalance_.*_amd64\.deb$/.test(name)) : []
  const [file, ...others] = files
  if (file === undefined || others.length > 0) {
    throw new Error(
      `looking for dist/ifbalance_*_amd64.deb: found ${files.join(', ') || 'none'} (npm run deb makes it)`,
    )
  }
  return `${dist}/${file}`
}
