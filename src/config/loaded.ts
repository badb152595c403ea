/** Files of the configuration, and what they come to. */
import type { Config } from '../model/config.ts'

export interface ConfigFile {
  /** For messages. */
  readonly path: string
  readonly text: string
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | {
      readonly ok: false
      /** Each `FILE:LINE: [section] key: "value": expected ...`. */
      readonly errors: readonly string[]
      /** What could be understood and does no harm: see prudent.ts. */
      readonly understood: Config
    }
