/** Why a call over D-Bus failed, in the words of who refused it. */
import { busRefusalIn } from '../os/error.ts'
import { messageOf } from '../os/log.ts'

/** The name and text of the refusal; `name` is empty where the error is none of D-Bus. */
export function busRefusal(error: unknown): { readonly name: string; readonly text: string } {
  const { name, text } = busRefusalIn(error) ?? { name: '', text: '' }
  return { name, text: text || messageOf(error) }
}
