/** Readers for who is told of outages, and when. Pure. */
import type { NotifyConfig } from '../../model/config.ts'
import { isScriptPath } from './probe-values.ts'
import { allOf, type ValueParser } from './values.ts'

/** They go into a header of a mail: a word that begins with a dash, or holds a comma, would be something else there. */
export const mailRecipients: ValueParser<readonly string[]> = {
  expected: 'up to 8 users of this host or addresses such as ann@example.org',
  read: (text) => {
    const list = allOf(text, (word) =>
      /^[A-Za-z0-9_][A-Za-z0-9._%+=-]*(@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$/.test(word) && word.length <= 200
        ? word
        : null,
    )
    return list !== null && list.length <= 8 ? list : null
  },
}

export const commandLine: ValueParser<readonly string[]> = {
  expected: 'the absolute path of a program, and its arguments between blanks (no shell reads them, and no quotes)',
  read: (text) => {
    const words = text.split(/\s+/)
    const isPlain = words.length <= 32 && /^[\x20-\x7e]{1,1000}$/.test(words.join(' '))
    return isPlain && isScriptPath(words[0] ?? '') ? words : null
  },
}

export const webhook: ValueParser<string> = {
  expected: 'a URL such as https://example.org/hook, without a user in it',
  read: (text) => {
    if (!/^https?:\/\/[\x21-\x7e]{1,1000}$/.test(text)) return null
    const url = URL.parse(text)
    return url !== null && url.username === '' && url.password === '' ? text : null
  },
}

export const quietHours: ValueParser<NonNullable<NotifyConfig['quiet']>> = {
  expected: 'two different times of the day, such as 23:00-07:00',
  read: (text) => {
    const [from, until, ...more] = text.split(/\s*-\s*/).map(minuteOf)
    return from == null || until == null || from === until || more.length > 0 ? null : { from, until }
  },
}

function minuteOf(text: string): number | null {
  const [, hours = '', minutes = ''] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hours === '' ? null : Number(hours) * 60 + Number(minutes)
}
