/** mwan3 of OpenWrt: /etc/config/mwan3, and /etc/config/network for the names of devices. Pure. */
import type { ConfigFile } from '../../config/loaded.ts'
import type { Draft, Remarking } from '../draft/draft.ts'
import { newRemarks, word } from '../draft/draft.ts'
import { sayDefault } from '../draft/members.ts'
import { ruleNaming, uplinkNaming } from '../draft/names.ts'
import { devicesOf } from './devices.ts'
import { uplinksOf } from './interfaces.ts'
import { policiesOf } from './policies.ts'
import { rulesOf } from './rules.ts'
import { readUci, type UciSection } from './uci.ts'

export function importMwan3(files: readonly ConfigFile[]): Draft {
  const { remark, remarks } = newRemarks()
  const read = files.flatMap((file) => partsOf(file, remark))
  const network = read.filter(({ isNetwork }) => isNetwork).map(({ section }) => section)
  const balancing = read.filter(({ isNetwork }) => !isNetwork).map(({ section }) => section)
  const ofType = (type: string) => balancing.filter((section) => section.type === type)
  remarkOthers(balancing, remark)

  const devices = devicesOf(network)
  const uplinks = uplinksOf(ofType('interface'), devices, uplinkNaming(), remark)
  const policies = policiesOf(balancing, uplinks.names, remark)
  const rules = rulesOf(ofType('rule'), policies, devices, ruleNaming(), remark)
  const { otherwise } = rules
  const sections = [...uplinks.sections, ...rules.sections]
  if (otherwise === null) return { sections, remarks }
  const lastResort = { key: 'last-resort', value: otherwise.lastResort, from: otherwise.from }
  const balance = { kind: 'balance', name: null, entries: [lastResort], from: otherwise.from } as const
  return {
    sections: [balance, ...sayDefault(sections, otherwise.members, otherwise.lastResort, otherwise.from, remark)],
    remarks,
  }
}

/** Both files have interfaces: what `uci export` names, or else the file's name, or else members and policies tell. */
function partsOf(
  { path, text }: ConfigFile,
  remark: Remarking,
): readonly { section: UciSection; isNetwork: boolean }[] {
  const sections = readUci(path, text, remark)
  const name = path.split('/').at(-1) ?? ''
  const hasPolicies = sections.some(({ type }) => type === 'member' || type === 'policy')
  const isNetworkFile = name.includes('mwan3') ? false : name.includes('network') || !hasPolicies
  return sections.flatMap((section) => {
    const isNetwork = section.package === '' ? isNetworkFile : section.package === 'network'
    return isNetwork || section.package === '' || section.package === 'mwan3' ? [{ section, isNetwork }] : []
  })
}

const known: ReadonlySet<string> = new Set(['interface', 'member', 'policy', 'rule'])

function remarkOthers(sections: readonly UciSection[], remark: Remarking): void {
  for (const { type, place, options } of sections) {
    if (type === 'globals') for (const { name, place: at } of options) remark(at, `${name}: of mwan3's own working`)
    else if (!known.has(type)) remark(place, `config ${word(type)}: not understood`)
  }
}
