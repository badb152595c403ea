/** What is measured of a line, its text for people and its metric: a figure here is kept, printed and shown. Pure. */

export interface LineFigure {
  /** The title of its column in `ifbalance status`. */
  readonly title: string
  /** The value until something was measured. */
  readonly otherwise: number | null
  /** The value with its unit, for people. */
  readonly text: (value: number) => string
  /** How `ifbalance metrics` tells it. */
  readonly metric: FigureMetric
}

interface FigureMetric {
  /** Ends with the unit, a base unit of Prometheus. */
  readonly name: string
  readonly unit: 'seconds' | 'ratio'
  readonly help: string
  /** How many of the figure make one of the unit. */
  readonly per: number
}

export const lineFigures = {
  /** Smoothed round trip in milliseconds; null until something answered. */
  latencyMs: {
    title: 'LATENCY',
    otherwise: null,
    text: (value) => `${value} ms`,
    metric: {
      name: 'probe_latency_seconds',
      unit: 'seconds',
      help: 'Smoothed round trip of probes.',
      per: 1000,
    },
  },

  /** Mean deviation of round trips in milliseconds; null until enough was answered. */
  jitterMs: {
    title: 'JITTER',
    otherwise: null,
    text: (value) => `${value} ms`,
    metric: {
      name: 'probe_jitter_seconds',
      unit: 'seconds',
      help: 'Mean deviation of round trips of probes.',
      per: 1000,
    },
  },

  /** Share of the latest probes that was lost, 0 to 1. */
  loss: {
    title: 'LOSS',
    otherwise: 0,
    text: (value) => `${Math.round(value * 100)} %`,
    metric: { name: 'probe_loss_ratio', unit: 'ratio', help: 'Share of the latest probes that was lost.', per: 1 },
  },
} as const satisfies Readonly<Record<string, LineFigure>>

export type LineFigureName = keyof typeof lineFigures

/** A value for each figure. One that has a number from the beginning is never null. */
export type LineFigures = {
  readonly [Name in LineFigureName]: (typeof lineFigures)[Name]['otherwise'] extends null ? number | null : number
}

/** The figures that have a value, by name. */
export function knownFigures(figures: LineFigures): readonly (readonly [name: LineFigureName, value: number])[] {
  return Object.keys(lineFigures).flatMap((key) => {
    const name = key as LineFigureName
    const value = figures[name]
    return value === null ? [] : [[name, value] as const]
  })
}

/** The values that `valueFor` gives for each figure. */
export function eachFigure(valueFor: (name: LineFigureName, figure: LineFigure) => number | null): LineFigures {
  const values = Object.entries(lineFigures).map(([name, figure]) => [name, valueFor(name as LineFigureName, figure)])
  return Object.fromEntries(values)
}
