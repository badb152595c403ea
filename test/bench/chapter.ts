/** One chapter of docs/benchmarks.md: what is measured, and how it is shown. */

export interface Chapter<Results> {
  /** docs/benchmarks/NAME.json keeps its results, so that the page can be written anew without measuring all of it. */
  readonly name: string
  readonly measure: (progress: (line: string) => void) => Promise<Results>
  /** Pure. */
  readonly section: (results: Results) => Section
}

export interface Section {
  readonly markdown: string
  /** SVG by file name, in docs/benchmarks. */
  readonly plots: ReadonlyMap<string, string>
}
