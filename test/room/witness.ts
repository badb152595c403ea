/** A setup file of vitest's: a failed test, and a first try that failed, tell how the machines were then. */
import { afterEach, TestRunner } from 'vitest'
import { onEnd, tellAll } from '../lab/witness.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Lines for whoever reads of the failure. */
    witness?: readonly string[]
  }
}

const most = 60

/** Of the test that runs, once for each of its tries. */
async function look(): Promise<void> {
  const test = TestRunner.getCurrentTest()
  if (test?.result?.state !== 'fail') return
  const headline = `how it was then (try ${(test.result.retryCount ?? 0) + 1}):`
  if (test.meta.witness?.[0] === headline) return
  test.meta.witness = [headline]
  test.meta.witness = [headline, ...(await tellAll(most - 1))]
}

onEnd(look)
// Machines of one test end in hooks of its file, which come before this.
afterEach(look)
