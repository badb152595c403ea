/** What the runs of one `npm test` leave for its summary. */

export const folder = `${import.meta.dirname}/../../dist/test-results`

export interface Result {
  readonly file: string
  readonly title: string
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly ms: number
  /** More than one where it failed first. */
  readonly tries: number
  /** Of failures, and of first tries that failed: messages, our lines of the stack, and how the machine was. */
  readonly why: string
}

export interface Results {
  readonly results: readonly Result[]
  /** With the time of hooks; errors are those outside of tests. */
  readonly files: readonly { readonly file: string; readonly ms: number; readonly errors: readonly string[] }[]
  /** Outside of all files. */
  readonly errors: readonly string[]
}
