/** A machine that cannot run these tests is told so loudly; where they are relied on (CI), it is a failure. */
import { missingForLab } from '../lab/lab.ts'

/** For describe.skipIf: true when the machine lacks something that the lab needs. Throws in CI instead. */
export async function lacksLab(): Promise<boolean> {
  const missing = await missingForLab()
  if (missing === null) return false
  if (process.env['CI']) throw new Error(`system tests: ${missing}`)
  process.stderr.write(`\n*** system tests SKIPPED: ${missing} ***\n\n`)
  return true
}
