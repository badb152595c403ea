/** The table of uplinks: a row each, which stays while its uplink is known, so that the keyboard's focus stays. */
import { element, setChildren, setText } from './elements.ts'
import { type Verb, verbsFor, verbTitles } from './orders.ts'
import type { UplinkView } from './uplinks.ts'

export interface UplinkTable {
  /** `mayOrder`: whether the user may change something. */
  readonly show: (uplinks: readonly UplinkView[], mayOrder: boolean) => void
}

export function createTable(body: HTMLElement, onOrder: (verb: Verb, name: string) => void): UplinkTable {
  const rows = new Map<string, ReturnType<typeof createRow>>()
  return {
    show: (uplinks, mayOrder) => {
      const names = new Set(uplinks.map(({ name }) => name))
      for (const name of rows.keys()) if (!names.has(name)) rows.delete(name)
      const shown = uplinks.map((uplink) => {
        const row = rows.get(uplink.name) ?? createRow(uplink.name, onOrder)
        rows.set(uplink.name, row)
        row.show(uplink, mayOrder)
        return row.tr
      })
      setChildren(body, shown.length > 0 ? shown : [nothing])
    },
  }
}

const verbs = ['enable', 'drain', 'disable'] as const satisfies readonly Verb[]
const nothing = element('tr', '', Object.assign(element('td', 'nothing', 'No uplink is known.'), { colSpan: 7 }))

function createRow(name: string, onOrder: (verb: Verb, name: string) => void) {
  const device = element('span', 'secondary')
  const state = element('span', 'pf-v6-c-label')
  const since = element('span', 'secondary')
  const why = element('div', 'secondary why')
  const share = element('span', 'share-text')
  const bar = element('div', 'bar')
  const weight = element('div', 'secondary')
  const role = element('div', 'secondary role')
  const lines = element('div', 'lines')
  const down = element('span', '')
  const up = element('span', '')
  const gateway = element('div', '')
  const addresses = element('div', 'secondary')
  const buttons = verbs.map((verb) => {
    const button = element('button', 'pf-v6-c-button', verbTitles[verb])
    button.type = 'button'
    button.setAttribute('aria-label', `${verbTitles[verb]} ${name}`)
    button.addEventListener('click', () => onOrder(verb, name))
    return { verb, button }
  })
  const track = element('div', 'track', bar)
  track.setAttribute('aria-hidden', 'true')
  const tr = element(
    'tr',
    '',
    rowHead(element('span', 'name', name), device),
    cell('State', element('div', 'state', state, since), why),
    cell('New connections', element('div', 'share', share, track), weight, role),
    cell('Line', lines),
    cell('Traffic', element('div', 'rate down', down), element('div', 'rate up', up)),
    cell('Gateway', gateway, addresses),
    cell('', element('div', 'actions', ...buttons.map(({ button }) => button))),
  )
  tr.dataset['uplink'] = name
  return {
    tr,
    show: (view: UplinkView, mayOrder: boolean) => {
      const possible = verbsFor(view)
      for (const { verb, button } of buttons) {
        button.hidden = !possible.includes(verb)
        button.disabled = !mayOrder
      }
      setText(device, view.interface === name ? '' : view.interface)
      setText(state, view.state)
      state.dataset['colour'] = view.colour
      setText(since, view.since)
      setText(why, view.why)
      setText(share, view.shareText)
      bar.style.width = `${Math.round(view.share * 1000) / 10}%`
      setText(weight, [view.weight, view.weightReason].filter((part) => part !== '').join(', '))
      setText(role, view.role)
      setText(lines, view.lines.join('\n'))
      setText(down, view.down)
      setText(up, view.up)
      setText(gateway, view.gateways.join('\n') || '-')
      setText(addresses, view.addresses.join('\n'))
    },
  }
}

function rowHead(...children: readonly Node[]): HTMLElement {
  const th = element('th', '', ...children)
  th.scope = 'row'
  return th
}

/** `label` stands before the content where a row is a card, on a phone. */
function cell(label: string, ...children: readonly Node[]): HTMLElement {
  const td = element('td', '', ...children)
  td.dataset['label'] = label
  return td
}
