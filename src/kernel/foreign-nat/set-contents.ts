/** Named sets and maps that others' source NAT asks: which, and what is in them. Pure. */
import { nftTable } from '../../layout.ts'

type Json = Readonly<Record<string, unknown>>

export interface NamedContent {
  readonly kind: 'set' | 'map'
  /** `inet fw exempt`. */
  readonly key: string
}

/** Elements as nft lists them, by the key of the set or map. */
export type Contents = ReadonlyMap<string, readonly unknown[]>

/** How many are read: each is a program that is run. */
const most = 16
/** How many elements one may have: more are a list, and not an exemption that somebody wrote. */
const mostElements = 256

/**
 * Those that rules of tables with source NAT name, from a listing without elements. What fills while packets pass is
 * left out, as nobody tells of that.
 */
export function contentsAsked(nftables: readonly Json[], tables: ReadonlySet<string>): readonly NamedContent[] {
  const known = new Map<string, NamedContent>()
  for (const item of nftables)
    for (const kind of ['set', 'map'] as const) {
      const { family, table, name, flags = [] } = (item[kind] ?? {}) as Readonly<Record<string, string>>
      const fills = Array.isArray(flags) && flags.some((flag) => flag === 'dynamic' || flag === 'timeout')
      if (name !== undefined && !fills)
        known.set(`${family} ${table} ${name}`, { kind, key: `${family} ${table} ${name}` })
    }
  const named = nftables.flatMap((item) => {
    const { family, table, expr } = (item['rule'] ?? {}) as Readonly<Record<string, unknown>>
    const owner = `${family} ${table}`
    if (!tables.has(owner) || owner === `${nftTable.family} ${nftTable.name}`) return []
    return namesIn(expr).flatMap((name) => known.get(`${owner} ${name}`) ?? [])
  })
  return [...new Set(named)].slice(0, most)
}

function namesIn(expr: unknown): readonly string[] {
  return (Array.isArray(expr) ? expr : []).flatMap((part) => {
    const { match, vmap } = (typeof part === 'object' && part !== null ? part : {}) as Readonly<Record<string, Json>>
    return [match?.['right'], vmap?.['data']].flatMap((value) =>
      typeof value === 'string' && value.startsWith('@') ? [value.slice(1)] : [],
    )
  })
}

/** The elements from nft's listing of one; null where there are too many, or none. Throws where it is no JSON of nft's. */
export function parseContent(stdout: string): readonly unknown[] | null {
  const { nftables }: { nftables: readonly Json[] } = JSON.parse(stdout)
  const { elem } = nftables.map((item) => (item['set'] ?? item['map']) as Json | undefined).find(Boolean) ?? {}
  return Array.isArray(elem) && elem.length > 0 && elem.length <= mostElements ? elem : null
}
