/** A policy rule's selector and action as arguments of `ip rule`, in one canonical order. */

export type RuleAction =
  | { readonly lookup: number; readonly suppressDefault?: boolean }
  | { readonly goto: number }
  | { readonly nop: true }

export interface RuleParts {
  readonly not?: boolean
  /** An address or prefix; any source where absent. */
  readonly from?: string
  readonly mark?: { readonly value: number; readonly mask: number }
  readonly iif?: string
  readonly oif?: string
  readonly action: RuleAction
}

export function ruleSpec({
  not,
  from,
  mark,
  iif,
  oif,
  action,
}: Omit<RuleParts, 'action'> & { readonly action: RuleAction | null }): string {
  const words = [
    ...(not ? ['not'] : []),
    ...(from ? ['from', from] : []),
    ...(mark ? ['fwmark', `${hex(mark.value)}/${hex(mark.mask)}`] : []),
    ...(iif ? ['iif', iif] : []),
    ...(oif ? ['oif', oif] : []),
    ...(action ? actionWords(action) : []),
  ]
  return words.join(' ')
}

function actionWords(action: RuleAction): readonly string[] {
  if ('goto' in action) return ['goto', String(action.goto)]
  if ('nop' in action) return ['nop']
  return ['lookup', String(action.lookup), ...(action.suppressDefault ? ['suppress_prefixlength', '0'] : [])]
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** As nft lists numbers here: 0 without its prefix. */
export function nftNumber(value: number): string {
  return value === 0 ? '0' : hex(value)
}
