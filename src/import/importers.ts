/** Programs whose configuration can become ours. Pure. */
import type { ConfigFile } from '../config/loaded.ts'
import type { Draft } from './draft/draft.ts'
import { importMwan3 } from './mwan3/mwan3.ts'
import { importShorewall } from './shorewall/shorewall.ts'

export const importers: Readonly<Record<string, (files: readonly ConfigFile[]) => Draft>> = {
  mwan3: importMwan3,
  shorewall: importShorewall,
}
