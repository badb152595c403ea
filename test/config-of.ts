/** The configuration of a text that a test knows to be good; throws the parser's errors where it is not. */

import { parseConfig } from '../src/config/parse.ts'
import type { Outside } from '../src/config/values/outside.ts'
import type { Config } from '../src/model/config.ts'

export function configOf(text: string, outside?: Outside): Config {
  const loaded = parseConfig([{ path: 'ifbalance.conf', text }], outside)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.config
}
