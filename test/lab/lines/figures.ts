/** What a simulated minute and a half comes to. */
import type { History } from './world.ts'

export interface Figures {
  /** Carried of what all lines could, in percent: seconds 5 to 30, and from 30 on. */
  readonly first: number
  readonly after: number
  /** Seconds that a small transfer of the second part took. */
  readonly mean: number
  readonly p95: number
  /** Changes of the weights in a minute of the second part, and the most in any minute. */
  readonly changes: number
  readonly mostChanges: number
}

/** 300 kB: a picture, or a page's script. */
const smallBytes = 300e3

export function figuresOf({ seconds, done }: History, ways: readonly ('down' | 'up')[]): Figures {
  const share = (from: number, to: number) => {
    const sums = seconds
      .slice(from, to)
      .map(({ carried, could }) => [total(carried, ways), total(could, ways)] as const)
    return (100 * sum(sums.map(([one]) => one))) / sum(sums.map(([, all]) => all))
  }
  const small = done
    .filter(({ size, began }) => size <= smallBytes && began >= 30 && began < seconds.length)
    .map(({ began, ended }) => ended - began)
    .toSorted((one, other) => one - other)
  const changed = seconds.map((second) => (second.changed ? 1 : 0))
  return {
    first: share(5, 30),
    after: share(30, seconds.length),
    mean: small.length === 0 ? 0 : sum(small) / small.length,
    p95: small[Math.floor(0.95 * small.length)] ?? 0,
    changes: (sum(changed.slice(30)) * 60) / (seconds.length - 30),
    mostChanges: Math.max(...changed.map((_, i) => sum(changed.slice(i, i + 60)))),
  }
}

export interface Summary {
  readonly median: Figures
  readonly worst: Figures
}

export function summaryOf(all: readonly Figures[]): Summary {
  const each = (pick: (key: keyof Figures) => number): Figures => ({
    first: pick('first'),
    after: pick('after'),
    mean: pick('mean'),
    p95: pick('p95'),
    changes: pick('changes'),
    mostChanges: pick('mostChanges'),
  })
  const values = (key: keyof Figures) => all.map((figures) => figures[key]).toSorted((one, other) => one - other)
  const isGood = (key: keyof Figures) => key === 'first' || key === 'after'
  return {
    median: each((key) => values(key)[Math.floor(all.length / 2)] ?? 0),
    worst: each((key) => values(key).at(isGood(key) ? 0 : -1) ?? 0),
  }
}

function total(
  lines: readonly { readonly down: number; readonly up: number }[],
  ways: readonly ('down' | 'up')[],
): number {
  return sum(lines.flatMap((line) => ways.map((way) => line[way])))
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
