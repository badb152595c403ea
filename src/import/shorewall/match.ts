/** Conditions of Shorewall's columns in our words. Pure. */
import { familyOf } from '../../net/valid.ts'
import { bare } from './providers.ts'

/** Keys and values, or why it cannot be said. */
export type Said = readonly { readonly key: string; readonly value: string }[] | string

/** A SOURCE: `eth1`, `eth1:192.0.2.0/24`, addresses. */
export function sourceOf(text: string, physical: ReadonlyMap<string, string>): Said {
  if (text === '' || /^(0\.0\.0\.0\/0|::\/0)$/.test(text)) return []
  const problem = problemOf(text)
  if (problem !== null) return problem
  if (areAddresses(text)) return [{ key: 'source', value: addressList(text) }]
  const [, device = '', addresses = ''] = /^([^:]+)(?::(.+))?$/.exec(text) ?? []
  if (device === 'lo') return 'the host itself: a rule for its own connections needs a user or a control group'
  const where = { key: 'interface', value: (physical.get(device) ?? device).replaceAll('+', '*') }
  if (addresses === '') return [where]
  return areAddresses(addresses) ? [where, { key: 'source', value: addressList(addresses) }] : 'expected addresses'
}

export function destinationOf(text: string): Said {
  if (text === '' || /^(0\.0\.0\.0\/0|::\/0)$/.test(text)) return []
  const problem = problemOf(text)
  if (problem !== null) return problem
  return areAddresses(text)
    ? [{ key: 'destination', value: addressList(text) }]
    : 'where it leaves is what a rule decides: expected addresses'
}

function problemOf(text: string): string | null {
  if (text.includes('!')) return 'all but these: a rule before it for these says it'
  if (text.includes('+') && !/^[a-z]+\+/.test(text)) return 'sets of others are not asked; a file of addresses is'
  if (/[&^%~]/.test(text)) return 'addresses of interfaces, countries and hardware are no conditions here'
  return null
}

function areAddresses(text: string): boolean {
  const words = text.split(',')
  return words.every((one) => {
    const ends = bare(one).split('/')[0]?.split('-') ?? []
    return ends.length > 0 && ends.every((end) => familyOf(end) !== null)
  })
}

function addressList(text: string): string {
  return text.split(',').map(bare).join(' ')
}

export function protocolOf(text: string): Said {
  if (text === '' || text === 'all') return []
  const words = text
    .toLowerCase()
    .split(',')
    .map((one) => (one === 'ipv6-icmp' || one === 'icmp6' ? '58' : one))
  return words.every((one) => /^[a-z]+$|^\d+$/.test(one))
    ? [{ key: 'protocol', value: words.join(' ') }]
    : 'expected protocols'
}

/** Of services(5), those that people name. */
const services: Readonly<Record<string, number>> = {
  ssh: 22,
  smtp: 25,
  domain: 53,
  http: 80,
  www: 80,
  pop3: 110,
  ntp: 123,
  imap: 143,
  imap2: 143,
  https: 443,
  submission: 587,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  sip: 5060,
}

export function portsOf(key: 'port' | 'source-port', text: string, protocol: string): Said {
  if (text === '') return []
  if (/^(icmp|ipv6-icmp|1|58)$/i.test(protocol)) return 'a type of ICMP is no condition here'
  const words = text.split(',').map((one) => String(services[one.toLowerCase()] ?? one.replace(':', '-')))
  return words.every((one) => /^\d+(-\d+)?$/.test(one))
    ? [{ key, value: words.join(' ') }]
    : 'expected numbers of ports, or the name of a service that many use'
}
