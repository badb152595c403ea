/**
 * Which packets others' rules leave untranslated on an uplink. A packet that matches one of their rules and is yet
 * untranslated behind them was accepted on the way: by that rule, or by one before it. So each of them, with what leads
 * to it, is an exemption here. A docker network's rule is one for that network, and `oifname "wan1" masquerade` is one
 * for all of wan1 and nothing of wan2.
 *
 * Where a rule has conditions that we cannot evaluate, and translates on an uplink that it names, all its other
 * conditions count: in doubt, what leaves by that uplink stays as it was. A rule that names no uplink is about packets
 * that somebody marks, and is passed over.
 */
import type { DeviceTest, ForeignNat } from '../../../model/facts.ts'
import type { OthersTranslation } from '../../../model/ipsec.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Family } from '../../../net/family.ts'

/** How many exemptions an uplink's chain has at most, as it is gone through for each first packet. */
const mostExemptions = 256

/** Rules for the uplink's chain that exempt what others leave alone; none where there is nothing of that kind. */
export function leftAlone(device: string, { foreignNat = [], links }: Observed): readonly string[] {
  const asked = foreignNat
    .filter((rule) => concerns(rule, device))
    .flatMap((rule) => {
      const parts = partsOf(rule, links)
      return parts ? [parts] : []
    })
  const widest = asked.filter(
    (parts, at) =>
      !asked.some((other, place) => place !== at && isWithin(parts, other) && (!isWithin(other, parts) || place < at)),
  )
  return widest.slice(0, mostExemptions).map(lineOf)
}

/** What others' rules may have translated on the uplink: all that they do not leave to us by the address that it comes from. */
export function othersTranslationOn(
  device: string,
  { foreignNat = [], links }: Observed,
): readonly OthersTranslation[] {
  return foreignNat
    .filter((rule) => rule.does === 'translates' && concerns(rule, device) && partsOf(rule, links) !== null)
    .map(({ family, matches }) => {
      const sources = matches.flatMap((match) => /^ip6? saddr (?!!=)(.*)$/.exec(match)?.[1] ?? []).at(0)
      return {
        ...(family && { family }),
        ...(sources !== undefined && {
          sources: sources
            .replace(/[{}]/g, '')
            .trim()
            .split(/\s*,\s*/),
        }),
      }
    })
}

/** Others' rules that we cannot read, and what that means on these uplinks. */
export function foreignNatWarnings(devices: readonly string[], { foreignNat = [] }: Observed): readonly Trouble[] {
  const lines = foreignNat
    .filter(({ unknown }) => unknown)
    .flatMap((rule): readonly string[] => {
      const on = devices.filter((device) => applies(rule, device))
      if (on.length === 0) return []
      if (rule.does === 'translates')
        return on
          .filter((device) => namesIt(rule, device))
          .map(
            (device) =>
              `source NAT in ${rule.where} is for some packets that ifbalance cannot tell: on ${device} all others stay ` +
              'untranslated, too; "masquerade" for that uplink says otherwise',
          )
      return [
        `${rule.where} exempts packets that ifbalance cannot tell: private sources among them are translated ` +
          'unless "no-masquerade" names them',
      ]
    })
  return [...new Set(lines)].map((reason) => ({ kind: 'unknown-nat', reason }))
}

function concerns(rule: ForeignNat, device: string): boolean {
  if (!applies(rule, device)) return false
  if (rule.unknown) return rule.does === 'translates' && namesIt(rule, device)
  return rule.does === 'translates' || saysSomething(rule)
}

/**
 * Whether an `accept` exempts something in particular. One for everything is a policy, and one for every device but
 * some is the way to the rest of the chain.
 */
function saysSomething({ matches, devices }: ForeignNat): boolean {
  return matches.length > 0 || devices.some(({ not }) => !not)
}

function applies({ devices }: ForeignNat, device: string): boolean {
  return devices.every((test) => test.direction === 'in' || isDevice(test, device) !== Boolean(test.not))
}

function namesIt({ devices }: ForeignNat, device: string): boolean {
  return devices.some((test) => test.direction === 'out' && !test.not && isDevice(test, device))
}

function isDevice({ names }: DeviceTest, device: string): boolean {
  return names.some((name) => (name.endsWith('*') ? device.startsWith(name.slice(0, -1)) : name === device))
}

/**
 * The conditions of a rule. Null where nothing can match: the device that packets would come in by does not exist, or a
 * host would send to itself.
 */
function partsOf({ family, devices, matches }: ForeignNat, links: readonly Link[]): readonly string[] | null {
  const comingIn = devices.filter(({ direction }) => direction === 'in').map((test) => inBy(test, links))
  if (comingIn.includes(null) || isToItself(matches)) return null
  return [
    ...(family ? [`meta nfproto ${protocolOf[family]}`] : []),
    ...comingIn.flatMap((part) => part ?? []),
    ...withoutImplied(matches),
  ]
}

/** An exemption's rule. An address implies its family. */
function lineOf(parts: readonly string[]): string {
  const isTold = parts.some((part) => /^ip6? [sd]addr /.test(part))
  return [...parts.filter((part) => !(isTold && part.startsWith('meta nfproto '))), 'accept'].join(' ')
}

const protocolOf: Readonly<Record<Family, string>> = { inet: 'ipv4', inet6: 'ipv6' }

function inBy(test: DeviceTest, links: readonly Link[]): readonly string[] | null {
  const indexes = links
    .filter(({ name }) => isDevice(test, name))
    .map(({ index }) => index)
    .sort((a, b) => a - b)
  if (indexes.length === 0) return test.not ? [] : null
  return [`iif ${test.not ? '!= ' : ''}${indexes.length === 1 ? indexes[0] : `{ ${indexes.join(', ')} }`}`]
}

/** Whether the rule is for what a host sends to itself, as Docker's for each published port is. */
function isToItself(matches: readonly string[]): boolean {
  const of = (end: string) =>
    matches.map((match) => new RegExp(`^ip6? ${end} (?:{ )?([0-9a-f.:]+)(?: })?$`).exec(match)?.[1])
  const sources = of('saddr').filter((address) => address !== undefined)
  return sources.some((address) => of('daddr').includes(address))
}

/** The conditions without protocols that a condition on ports implies. */
function withoutImplied(matches: readonly string[]): readonly string[] {
  const withPorts = matches.flatMap((match) => /^(\w+) [sd]port /.exec(match)?.[1] ?? [])
  return matches.filter((match) => !withPorts.some((protocol) => match === `meta l4proto ${protocol}`))
}

function isWithin(parts: readonly string[], other: readonly string[]): boolean {
  return other.every((part) => parts.includes(part))
}
