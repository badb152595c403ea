import { defineConfig } from 'vitest/config'
import { emulatedPatienceMs, hangsMs, patienceMs } from './test/lab/patience.ts'

/** `expect.poll` gives up after a second otherwise, which a busy machine may take for one look. */
const patience = { poll: { timeout: patienceMs } }

/**
 * Tests that need machines. A second try is for CI alone, and told: it keeps a day's work, and is a defect to mend. How many
 * files run side by side is test/all's to say.
 */
const onMachines = {
  expect: patience,
  setupFiles: ['test/room/witness.ts'],
  retry: process.env['CI'] ? 1 : 0,
}

/**
 * Four kinds of tests: pure ones, ones in network namespaces on the real kernel, ones in booted Debians, and ones on
 * Debian's own kernel, emulated. Two more are not in `npm test`: every network manager, and what a maintainer of a package looks at.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          ...onMachines,
          name: 'kernel',
          globalSetup: ['test/room/bundle.ts'],
          include: ['test/kernel/**/*.test.ts'],
          testTimeout: hangsMs,
          hookTimeout: hangsMs,
        },
      },
      {
        test: {
          ...onMachines,
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: hangsMs,
          hookTimeout: hangsMs,
        },
      },
      {
        test: {
          ...onMachines,
          name: 'managers',
          include: ['test/managers/**/*.test.ts'],
          testTimeout: hangsMs,
          hookTimeout: hangsMs,
          fileParallelism: false,
        },
      },
      { test: { name: 'packaging', include: ['test/packaging/**/*.test.ts'], fileParallelism: false } },
      {
        test: {
          ...onMachines,
          name: 'emulated',
          include: ['test/emulated/**/*.test.ts', 'test/bench/**/*.test.ts'],
          testTimeout: emulatedPatienceMs,
          hookTimeout: emulatedPatienceMs,
          fileParallelism: false,
        },
      },
    ],
  },
})
