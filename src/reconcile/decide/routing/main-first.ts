/** The rule that has main's routes come first, but for its defaults. */
import { ruleSpec } from '../../../kernel/iproute/rule.ts'
import { tables } from '../../../layout.ts'

const action = { lookup: tables.main, suppressDefault: true } as const
/** What no packet has: it is neither an uplink's nor does any program that we know of set all bits. */
const noMark = { value: 0xffffffff, mask: 0xffffffff } as const

/**
 * For all packets, but not listed as `from all lookup main suppress_prefixlength 0`: wg-quick(8), as it goes down, deletes rules
 * of that kind, whoever made them, until none is listed so (wireguard-tools 1.0.20210914, linux.bash).
 */
export const mainFirst = { not: true, mark: noMark, action } as const

export const mainFirstSpec = ruleSpec(mainFirst)

/** The rule as earlier versions of this program made it. */
export const formerMainFirstSpec = ruleSpec({ action })
