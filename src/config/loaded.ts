/** Files of the configuration, and the result of reading them. */
import type { Config } from '../model/config.ts'

export interface ConfigFile {
  /** The path, for messages. */
  readonly path: string
  readonly text: string
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | {
      readonly ok: false
      /** Errors, each as `FILE:LINE: [section] key: "value": expected ...`. */
      readonly errors: readonly string[]
      /** The configuration as far as it is understood and does no harm; see prudent.ts. */
      readonly understood: Config
    }
