/** What loads others' ruleset in a way that may end connections, see CAVEATS in ifbalance(8). */
import { paths } from '../layout.ts'
import { readIfThere } from '../os/files.ts'

const path = paths.othersNftables

/** Text lines, none or one. `read` gives the file's text, null where there is none. */
export function checkFlush(read: () => string | null = readOthers): readonly string[] {
  const lines = (read() ?? '').split('\n').map((line) => line.replace(/#.*/, ''))
  const has = (pattern: RegExp) => lines.some((line) => pattern.test(line))
  if (!has(/^\s*flush\s+ruleset\b/) || !has(/\bmasquerade\b/)) return []
  return [
    `${path} flushes all rules and masquerades: loading it may end busy connections; deleting its own tables instead ends none`,
  ]
}

function readOthers(): string | null {
  try {
    return readIfThere(path)
  } catch {
    return null
  }
}
