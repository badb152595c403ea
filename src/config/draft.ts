/** What the files said, by section and key, before anything is made of it. */
import type { BalanceValues, HaValues, NotifyValues, RuleValues, UplinkValues } from './keys.ts'
import type { SourceLocation } from './values/diagnostics.ts'

/** What all files together said: key by key, later files over earlier ones. */
export interface Draft {
  balance: BalanceValues
  /** The place where it was said how connections are spread; absent where nowhere. */
  spreadPlace?: SourceLocation
  /** Absent where no file has the section; with the place where that begins. */
  ha?: { readonly values: HaValues; readonly place: SourceLocation }
  /** The same for whom to tell. */
  notify?: { readonly values: NotifyValues; readonly place: SourceLocation }
  /** Uplinks in the order in which they first came; a Map, as a name may be `constructor`. */
  readonly uplinks: Map<string, UplinkDraft>
  readonly rules: Map<string, RuleDraft>
}

export interface UplinkDraft {
  readonly values: UplinkValues
  /** Where its interface was said, or else where its section begins. */
  readonly place: SourceLocation
}

export interface RuleDraft {
  readonly values: RuleValues
  readonly place: SourceLocation
  /** Where each of its keys was said last. */
  readonly keys: ReadonlyMap<string, SourceLocation>
}
