/** What is to be said in our configuration, and of what nothing can be: each with the place that it comes from. Pure. */

export interface Place {
  readonly path: string
  readonly line: number
}

export interface DraftEntry {
  readonly key: string
  readonly value: string
  readonly from: Place
}

export interface DraftSection {
  readonly kind: 'balance' | 'uplink' | 'rule'
  /** Null for [balance]. */
  readonly name: string | null
  readonly entries: readonly DraftEntry[]
  readonly from: Place
}

/** A line of the imported files that is not said, or is said otherwise, and why. */
export interface Remark {
  readonly place: Place
  readonly text: string
}

export interface Draft {
  readonly sections: readonly DraftSection[]
  readonly remarks: readonly Remark[]
}

export type Remarking = (place: Place, text: string) => void

export function newRemarks(): { readonly remark: Remarking; readonly remarks: readonly Remark[] } {
  const remarks: Remark[] = []
  return { remark: (place, text) => remarks.push({ place, text }), remarks }
}

/** A word of a foreign file in a remark: in quotes, and not longer than a person reads. */
export function word(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 60)}...` : text}"`
}
