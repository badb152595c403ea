/** What `ip -force -batch -` prints about the items that the kernel refused. */
import { refusalText } from '../refusal-text.ts'

/**
 * The items of a batch, one a text line, that were refused, and why. What is printed behind the last `Command failed`
 * ended the program itself, at the last of its items.
 */
export function refusedLines<Item>(
  items: readonly Item[],
  stderr: string,
  exitCode: number,
): readonly { readonly item: Item; readonly why: string }[] {
  const words = stderr.split(/^Command failed -:(\d+)$/m)
  const lines = words.flatMap((text, i) => {
    const item = i % 2 === 1 ? items[Number(text) - 1] : undefined
    return item === undefined ? [] : [{ item, why: refusalText(words[i - 1] ?? '') }]
  })
  const last = items.at(-1)
  const rest = refusalText(words.at(-1) ?? '')
  return exitCode === 0 || rest === '' || last === undefined ? lines : [...lines, { item: last, why: rest }]
}
