/** A step as a person could type it, for `ifbalance plan` and the log. Pure. */

import { closeSockets, forgettingCommands } from '../../kernel/conntrack/forgetting.ts'
import { ipLine } from '../../kernel/iproute/batch.ts'
import { mptcpWords } from '../../kernel/mptcp.ts'
import { deleteRuleset, loadingTransactions } from '../../kernel/nft/table.ts'
import { programs } from '../../layout.ts'
import type { Ruleset } from '../../model/kernel.ts'
import type { Step } from '../../model/step.ts'
import { stateFile } from '../../store/state.ts'
import { tableNamesPath } from '../../store/table-names.ts'

export function commandOf(step: Step): string {
  switch (step.kind) {
    case 'remember':
      return `# ${stateFile.path}: ${JSON.stringify(step.state)}`
    case 'name-tables':
      return `# ${tableNamesPath}: ${step.text.trim().split('\n').slice(1).join(', ').replaceAll('\t', ' ')}`
    case 'set-sysctl':
      return `sysctl -w ${step.name}=${step.value}`
    case 'load-ruleset':
      return loadingTransactions(shortened(step.ruleset), step.former)
        .map((text) => `nft -f - <<'END'\n${text}END`)
        .join('\n')
    case 'delete-ruleset':
      return `nft ${deleteRuleset.trim()}`
    case 'replace-route':
    case 'delete-route':
      return `ip ${step.route.family === 'inet' ? '-4' : '-6'} ${ipLine(step)}`
    case 'add-rule':
    case 'delete-rule':
      return `ip ${step.rule.family === 'inet' ? '-4' : '-6'} ${ipLine(step)}`
    case 'add-endpoint':
    case 'change-endpoint':
    case 'delete-endpoint':
    case 'set-subflows':
      return `ip mptcp ${mptcpWords(step).join(' ')}`
    case 'forget-connections':
      return forgettingCommands(step)
        .map((words) => `${words.join(' ')} # ${step.uplink}`)
        .join('\n')
    case 'close-sockets':
      return step.addresses.map((address) => `${closeSockets(address).join(' ')} # ${step.uplink}`).join('\n')
    case 'forget-stranded':
      return `# ${programs.conntrack} --delete: what left by an uplink with an address that is not here, or is another uplink's`
    case 'forget-sealed':
      return `# ${programs.conntrack} --delete: what we have translated, and an IPsec policy is for`
    case 'forget-untranslated':
      return `# ${programs.conntrack} --delete: what leaves by an uplink, was never answered, and began when nobody translated it`
  }
}

const mostShown = 20

/** The ruleset with the first elements of each set, as there may be a hundred thousand. */
function shortened({ chains, sets = [] }: Ruleset): Ruleset {
  const few = sets.map((set) => {
    const { elements = [] } = set
    const more = `... and ${elements.length - mostShown} more`
    return elements.length > mostShown ? { ...set, elements: [...elements.slice(0, mostShown), more] } : set
  })
  return { chains, sets: few }
}
