/** What the files said, before anything is made of it. */
import type { BalanceValues, RuleValues, UplinkValues } from './keys.ts'
import type { SourceLocation } from './values/diagnostics.ts'

/** What all files together said, later ones over earlier ones, key by key. */
export interface Draft {
  balance: BalanceValues
  /** In the order in which they first came; a Map, as a name may be `constructor`. */
  readonly uplinks: Map<string, UplinkDraft>
  readonly rules: Map<string, RuleDraft>
}

export interface UplinkDraft {
  readonly values: UplinkValues
  /** Where its interface was said, or the section without one begins. */
  readonly place: SourceLocation
}

export interface RuleDraft {
  readonly values: RuleValues
  readonly place: SourceLocation
  /** Of its keys, where each was said last. */
  readonly keys: ReadonlyMap<string, SourceLocation>
}
