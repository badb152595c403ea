/** `ifbalance import mwan3|shorewall FILE...`: another program's configuration as one of ours, as far as it goes. */
import { print, printableLines } from '../cli/output.ts'
import { complain } from '../cli/usage-error.ts'
import { readConfigFile } from '../config/read.ts'
import { userId } from '../config/users.ts'
import { agreed } from '../import/draft/agreed.ts'
import { importers } from '../import/importers.ts'
import { Failure } from '../os/error.ts'
import { log, messageOf } from '../os/log.ts'
import { getOwn } from '../values/get-own.ts'
import { didYouMean } from '../values/nearest.ts'

/** More than either program has. */
const mostFiles = 32
/** More lines than that are not read by anyone, either. */
const mostRemarks = 500

/** Resolves with 0 where everything is said, and with 1 where standard error has what is not. */
export async function run({ words: [kind = '', ...files] }: { readonly words: readonly string[] }): Promise<number> {
  const importer = getOwn(importers, kind)
  const known = Object.keys(importers)
  if (importer === undefined) return complain(`expected ${known.join(' or ')}${didYouMean(kind, known)}`)
  if (files.length === 0 || files.length > mostFiles) return complain(`expected 1 to ${mostFiles} files`)
  try {
    const read = files.map((path) => ({ path, text: readConfigFile(path) }))
    const { text, remarks } = agreed(importer(read), { userId, readSet: refused })
    print(text.trimEnd())
    const lines = remarks.map(({ place, text: why }) => `${place.path}:${place.line}: ${why}`)
    const surplus = lines.length - mostRemarks
    if (surplus > 0) lines.splice(mostRemarks, surplus, `and ${surplus} more`)
    for (const line of lines) process.stderr.write(`${printableLines(line.replaceAll('\n', ' '))}\n`)
    return lines.length > 0 ? 1 : 0
  } catch (error) {
    log.error(messageOf(error))
    return 1
  }
}

/** Files of addresses are ours alone, so none is meant. */
function refused(path: string): never {
  throw new Failure('unreadable', `${path}: expected addresses`)
}
