/** DHCP option 121, classless static routes (RFC 3442), in the two ways in which clients print it. */
import { isGateway } from '../net/valid.ts'

/**
 * The gateway of the option's default route; null where it has none, or one that is on the link itself (0.0.0.0). Not
 * `ok`: the text is no such option.
 */
export type ClasslessDefault = { readonly ok: true; readonly gateway: string | null } | { readonly ok: false }

/**
 * Reads the option's text. dhclient prints octets (`0 10 2 0 1 24 192 168 7 10 2 0 9`), dhcpcd pairs of destination and
 * router (`0.0.0.0/0 10.2.0.1 192.168.7.0/24 10.2.0.9`).
 */
export function readClasslessDefault(text: string): ClasslessDefault {
  const words = text.trim().split(/\s+/)
  const routes = text.includes('/') ? readPairs(words) : readOctets(words)
  if (routes === null) return { ok: false }
  const standard = routes.find((route) => route.prefixLength === 0)
  if (!standard || standard.router === '0.0.0.0') return { ok: true, gateway: null }
  return isGateway(standard.router, 'inet') ? { ok: true, gateway: standard.router } : { ok: false }
}

interface ClasslessRoute {
  readonly prefixLength: number
  readonly router: string
}

function readPairs(words: readonly string[]): readonly ClasslessRoute[] | null {
  const routes: ClasslessRoute[] = []
  for (let i = 0; i < words.length; i += 2) {
    const destination = /^[\d.]{7,15}\/(\d{1,2})$/.exec(words[i] ?? '')
    const router = words[i + 1]
    if (!destination || !router || !/^[\d.]{7,15}$/.test(router)) return null
    routes.push({ prefixLength: Number(destination[1]), router })
  }
  return routes
}

/**
 * Routes from octets. Each route has its prefix length, as many octets of the destination as that needs, and four
 * octets of the router.
 */
function readOctets(words: readonly string[]): readonly ClasslessRoute[] | null {
  const octets = words.map((word) => (/^\d{1,3}$/.test(word) ? Number(word) : Number.NaN))
  if (!octets.every((octet) => octet <= 255)) return null
  const routes: ClasslessRoute[] = []
  for (let i = 0; i < octets.length; ) {
    const prefixLength = octets[i] ?? 0
    const router = i + 1 + Math.ceil(prefixLength / 8)
    if (prefixLength > 32 || router + 4 > octets.length) return null
    routes.push({ prefixLength, router: octets.slice(router, router + 4).join('.') })
    i = router + 4
  }
  return routes
}
