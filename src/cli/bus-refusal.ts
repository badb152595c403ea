/** What a call over D-Bus failed with: `calling INTERFACE.MEMBER: ERROR.NAME: text`. People want the text. */
import { messageOf } from '../os/log.ts'

/** `name` is empty where no error of D-Bus is behind it. */
export function busRefusal(error: unknown): { readonly name: string; readonly text: string } {
  const message = messageOf(error)
  const [, name = '', text = ''] = /^calling \S+: ([\w.]+): (.*)$/s.exec(message) ?? []
  return { name, text: text || message }
}
