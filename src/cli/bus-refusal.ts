/** What a call over D-Bus failed with. People want the text of who refused. */
import { busRefusalIn } from '../os/error.ts'
import { messageOf } from '../os/log.ts'

/** `name` is empty where no error of D-Bus is behind it. */
export function busRefusal(error: unknown): { readonly name: string; readonly text: string } {
  const { name, text } = busRefusalIn(error) ?? { name: '', text: '' }
  return { name, text: text || messageOf(error) }
}
