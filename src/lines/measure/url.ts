/** What may be downloaded to load a line. Pure. */

export interface Source {
  readonly secure: boolean
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** With the query. */
  readonly path: string
  /** As the header of that name has it. */
  readonly hostHeader: string
}

const longest = 2000

/** The parts of a URL of http or https without a password in it; null for anything else. */
export function readSource(text: string): Source | null {
  if (text.length > longest || !/^https?:\/\/[\x21-\x7e]+$/.test(text)) return null
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hostname === '') return null
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    hostHeader: url.host,
  }
}
