/** Shorewall's files of several providers, told apart by their names. Pure. */
import type { ConfigFile } from '../../config/loaded.ts'
import type { Draft, Remarking } from '../draft/draft.ts'
import { newRemarks, word } from '../draft/draft.ts'
import { sayDefault } from '../draft/members.ts'
import { ruleNaming, uplinkNaming } from '../draft/names.ts'
import { physicalOf } from './interfaces.ts'
import { providersOf } from './providers.ts'
import { paramsOf, type Row, rowsOf } from './rows.ts'
import { rulesOf } from './rules.ts'
import { withTranslation } from './translation.ts'

const names = [
  'providers',
  'rtrules',
  'route_rules',
  'mangle',
  'tcrules',
  'masq',
  'snat',
  'interfaces',
  'params',
] as const

export function importShorewall(files: readonly ConfigFile[]): Draft {
  const { remark, remarks } = newRemarks()
  const named = files.map((file) => ({ ...file, name: file.path.split('/').at(-1) ?? '' }))
  for (const { path, name } of named)
    if (!names.some((known) => known === name))
      remark({ path, line: 1 }, `not read: ${word(name)}: expected a file that is called ${names.join(', ')}`)
  const params = new Map(
    named.filter(({ name }) => name === 'params').flatMap(({ path, text }) => [...paramsOf(path, text, remark)]),
  )
  const rows = (...wanted: readonly (typeof names)[number][]): readonly Row[] =>
    named
      .filter(({ name }) => wanted.some((one) => one === name))
      .flatMap(({ path, text }) => rowsOf(path, text, params, remark))

  const physical = physicalOf(rows('interfaces'))
  const providers = providersOf(rows('providers'), physical, uplinkNaming(), remark)
  if (providers.length === 0) remarkNoProviders(files, remark)
  const uplinks = withTranslation(providers, { masq: rows('masq'), snat: rows('snat') }, physical, remark)
  const rules = rulesOf(
    { rtrules: rows('rtrules', 'route_rules'), marks: rows('mangle', 'tcrules') },
    providers,
    physical,
    ruleNaming(),
    remark,
  )
  const members = providers.flatMap(({ member }) => member ?? [])
  const sections = [...uplinks, ...rules]
  const [first] = members
  return { sections: first ? sayDefault(sections, members, 'main', first.from, remark) : sections, remarks }
}

function remarkNoProviders([first]: readonly ConfigFile[], remark: Remarking): void {
  if (first) remark({ path: first.path, line: 1 }, 'there are no providers: expected the file of that name, too')
}
