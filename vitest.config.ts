import { defineConfig } from 'vitest/config'

/** What has no bound of its own: `expect.poll` gives up after a second otherwise, which a busy machine may take for one look. */
const patience = { poll: { timeout: 10_000 } }

/**
 * Four kinds of tests: pure ones, ones in network namespaces on the real kernel, ones in booted Debians, and ones on
 * Debian's own kernel, emulated.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'kernel',
          expect: patience,
          include: ['test/kernel/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'system',
          expect: patience,
          include: ['test/system/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'emulated',
          include: ['test/emulated/**/*.test.ts', 'test/bench/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
