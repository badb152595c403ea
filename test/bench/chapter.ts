/** One chapter of docs/benchmarks.md: what is measured, and how it is shown. */

export interface Chapter<Results> {
  /** docs/benchmarks/NAME.json keeps its results, so that the page can be written anew without measuring all of it. */
  readonly name: string
  /** `former`: what was measured before, of which a chapter may keep what it does not measure now; null for nothing. */
  readonly measure: (progress: (line: string) => void, former: Results | null) => Promise<Results>
  /** Pure. */
  readonly section: (results: Results) => Section
}

export interface Section {
  readonly markdown: string
  /** SVG by file name, in docs/benchmarks. */
  readonly plots: ReadonlyMap<string, string>
}
