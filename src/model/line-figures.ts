/** What is measured of a line, and how people are told: a figure here is kept, printed and shown with all others. */

export interface LineFigure {
  /** Of its column in `ifbalance status`. */
  readonly title: string
  /** Until something was measured. */
  readonly otherwise: number | null
  /** For people. */
  readonly text: (value: number) => string
}

export const lineFigures = {
  /** Smoothed round trip; null until something answered. */
  latencyMs: { title: 'LATENCY', otherwise: null, text: (value) => `${value} ms` },

  /** 0 to 1, of the latest probes. */
  loss: { title: 'LOSS', otherwise: 0, text: (value) => `${Math.round(value * 100)} %` },
} as const satisfies Readonly<Record<string, LineFigure>>

export type LineFigureName = keyof typeof lineFigures

/** A figure that is 0 from the beginning is never null. */
export type LineFigures = {
  readonly [Name in LineFigureName]: (typeof lineFigures)[Name]['otherwise'] extends null ? number | null : number
}

/** One value a figure. */
export function eachFigure(valueFor: (name: LineFigureName, figure: LineFigure) => number | null): LineFigures {
  const values = Object.entries(lineFigures).map(([name, figure]) => [name, valueFor(name as LineFigureName, figure)])
  return Object.fromEntries(values)
}
