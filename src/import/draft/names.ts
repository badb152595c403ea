/** Foreign names as names of our sections, each once. Pure. */
import { isRuleName, isUplinkName } from '../../net/valid.ts'

export type Naming = (wanted: string) => string

export function uplinkNaming(): Naming {
  return naming(isUplinkName, 'uplink')
}

export function ruleNaming(): Naming {
  return naming(isRuleName, 'rule')
}

/** Names that fit stay; others lose what does not fit, and the second of a name gets a number. */
function naming(fits: (name: string) => boolean, otherwise: string): Naming {
  const taken = new Map<string, number>()
  return (wanted) => {
    const cut = wanted.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 24)
    const base = [wanted, cut, `${otherwise}-${cut}`].find((name) => name.length <= 24 && fits(name)) ?? otherwise
    const count = (taken.get(base) ?? 0) + 1
    taken.set(base, count)
    return count === 1 ? base : `${base}-${count}`
  }
}
