/** What may be ordered of an uplink, and what is asked before: see org.ifbalance1(5). Pure. */
import type { UplinkView } from './uplinks.ts'

export type Verb = 'enable' | 'drain' | 'disable'

export const verbTitles: Readonly<Record<Verb, string>> = { enable: 'Enable', drain: 'Drain', disable: 'Disable' }

/** What can be ordered of an uplink as it is. */
export function verbsFor({ isDisabled, isDrained, canDrain }: UplinkView): readonly Verb[] {
  if (isDisabled) return ['enable']
  if (isDrained) return ['enable', 'disable']
  return canDrain ? ['drain', 'disable'] : ['disable']
}

export interface Question {
  readonly title: string
  readonly words: string
  /** Somebody may lose something. */
  readonly isDangerous: boolean
}

/** What is asked before it is done; null where nothing is lost by it. */
export function questionAbout(verb: Verb, { name, share }: UplinkView, all: readonly UplinkView[]): Question | null {
  if (verb === 'enable') return null
  const others = all.filter((other) => other.name !== name && other.share > 0).map((other) => other.name)
  const after =
    others.length > 0
      ? `New ones go by ${listText(others)}.`
      : share > 0
        ? 'No other uplink takes new connections now: this host, and you with it, may lose the internet.'
        : 'No uplink takes new connections now.'
  const what =
    verb === 'drain'
      ? 'It keeps the connections that it has, and gets no new ones.'
      : 'Its connections end, or go on by another uplink where they can.'
  const until = 'That holds until it is enabled again, or the host boots.'
  return {
    title: `${verbTitles[verb]} ${name}?`,
    words: `${what} ${after} ${until}`,
    isDangerous: verb === 'disable' || others.length === 0,
  }
}

/** The call of org.ifbalance1.Manager that does it. */
export function callFor(verb: Verb, name: string): readonly [method: string, type: string, args: readonly unknown[]] {
  return verb === 'drain' ? ['SetDrained', 'sb', [name, true]] : ['SetEnabled', 'sb', [name, verb === 'enable']]
}

/** Words of an error that cockpit.js gives, with those of D-Bus that people need not read made into theirs. */
export function refusalText(error: unknown): string {
  const { name, message, problem: code } = (error ?? {}) as Readonly<Record<string, unknown>>
  const denied = [
    'org.freedesktop.DBus.Error.AccessDenied',
    'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
  ]
  if (denied.includes(String(name)) || code === 'access-denied')
    return 'Refused: that takes administrative access, which the top of Cockpit turns on.'
  if (typeof message !== 'string') return 'The daemon did not answer.'
  return message
}

function listText(names: readonly string[]): string {
  const [last = '', ...before] = names.toReversed()
  if (names.length > 4) return `${names.length} others`
  return before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`
}
