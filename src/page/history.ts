/** The past of the uplinks that are chosen: three graphs with one time, and what happened, in words. */
import { textOf } from '../model/event-text.ts'
import type { Dated } from '../model/history.ts'
import type { Followed } from './daemon.ts'
import { byId, element, setChildren, setText } from './elements.ts'
import { createGraph, type GraphKind, momentText } from './graph.ts'
import { bandsOf, eventsOf, type Graphs, graphsOf, mostGraphs, type Range, ranges } from './past.ts'
import { latencyText, percentText, rateText } from './words.ts'

export interface History {
  /** The uplinks that there are, in order. */
  readonly setUplinks: (names: readonly string[]) => void
  /** Something has happened: asks anew, soon. */
  readonly refresh: () => void
  /** Draws anew, as colours have changed. */
  readonly redraw: () => void
}

/** Events that became known of before the time shown: one of them may have begun what goes on in it. */
const eventsSeconds = 61 * 86_400
const mostEvents = 50
const refreshMs: Readonly<Record<Range, number>> = { hour: 15_000, day: 30_000, week: 300_000, months: 600_000 }
/** A minute's row is told when it is over, or the daemon has looked. */
const settleMs = 300

const kinds: readonly (GraphKind & { readonly id: string })[] = [
  { id: 'latency', title: 'Latency', values: ({ latencyMs }) => [latencyMs], text: latencyText, least: 1 },
  {
    ...{
      id: 'loss',
      title: 'Loss',
      values: ({ lossPercent }) => [lossPercent],
      least: 5,
      steps: [1, 2, 5, 10, 20, 50],
    },
    text: (percent) => percentText(percent / 100),
  },
  {
    ...{ id: 'traffic', title: 'Traffic, down above and up below', least: 1000 },
    values: ({ down, up }) => (down.length + up.length === 0 ? [] : [down, up].filter((values) => values.length > 0)),
    text: (rate) => (rate === 0 ? '0' : rateText(Math.abs(rate))),
  },
]

export function createHistory({ ask }: Followed): History {
  let names: readonly string[] = []
  let chosen: readonly string[] | null = null
  let range: Range = 'day'
  let graphs: Graphs = { times: [], lines: [] }
  let events: readonly Dated[] = []
  let window = { from: 0, to: 0 }
  let turn = 0
  let timer = 0

  const drawn = kinds.map((kind) => {
    const parent = byId(kind.id)
    const canvas = element('div', 'graph')
    const words = element('p', 'secondary cursor')
    parent.append(element('h3', 'graph-title', kind.title), words, canvas)
    return createGraph(canvas, kind, (said) => setText(words, said ?? ''))
  })
  const chips = byId('lines')

  function chosenNow(): readonly string[] {
    return (chosen ?? names).filter((name) => names.includes(name)).slice(0, mostGraphs)
  }

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = setTimeout(load, refreshMs[range])
    if (cockpit.hidden || names.length === 0) return
    turn += 1
    const mine = turn
    const began = performance.now()
    const to = Date.now() / 1000
    const from = to - ranges[range].seconds
    try {
      const micro = (seconds: number) => Math.floor(seconds) * 1e6
      const [graph, told] = await Promise.all([
        ask('GetGraph', 'astt', [chosenNow(), micro(from), micro(to)]),
        ask('GetEvents', 'stt', ['', micro(to - eventsSeconds), micro(to + 1)]),
      ])
      if (mine !== turn) return
      graphs = graphsOf(String(graph[0]), to)
      events = eventsOf(told[0] as readonly Readonly<Record<string, string>>[])
      window = { from, to }
      draw()
      requestAnimationFrame(() => performance.measure('graphs', { start: began, end: performance.now() }))
    } catch {
      // No daemon: the page says so, and asks again when there is one.
    }
  }

  function draw(): void {
    const { from, to } = window
    const wanted = chosenNow()
    const shown = {
      ...{ range, from, to, ...graphs, colourOf },
      bands: bandsOf(events, to).filter(({ uplink }) => wanted.includes(uplink)),
    }
    for (const graph of drawn) graph.show(shown)
    showEvents()
  }

  function showEvents(): void {
    const { from, to } = window
    const within = events.filter(({ at }) => at >= from * 1000 && at <= to * 1000)
    const wanted = chosenNow()
    const told = within.filter((event) => !('uplink' in event) || wanted.includes(event.uplink))
    const items = told.slice(-mostEvents).toReversed().map(itemOf)
    setChildren(byId('events'), items.length > 0 ? items : [element('li', 'secondary', 'Nothing happened.')])
  }

  function colourOf(uplink: string): string {
    const index = names.indexOf(uplink) % mostGraphs
    return getComputedStyle(document.documentElement).getPropertyValue(`--ifb-line-${index + 1}`)
  }

  function showChips(): void {
    const wanted = chosenNow()
    const boxes = names.map((name, index) => {
      const box = element('input', '')
      box.type = 'checkbox'
      box.checked = wanted.includes(name)
      box.disabled = !box.checked && wanted.length >= mostGraphs
      box.addEventListener('change', () => choose(name, box.checked))
      const label = element('label', 'chip', box, element('span', 'swatch'), name)
      label.dataset['line'] = String((index % mostGraphs) + 1)
      return label
    })
    chips.replaceChildren(...boxes)
  }

  function choose(name: string, isOn: boolean): void {
    const wanted = chosenNow()
    chosen = names.filter((one) => (one === name ? isOn : wanted.includes(one)))
    for (const [index, box] of [...chips.querySelectorAll('input')].entries()) {
      box.checked = chosen.includes(names[index] ?? '')
      box.disabled = !box.checked && chosen.length >= mostGraphs
    }
    void load()
  }

  for (const button of byId('ranges').querySelectorAll('button')) {
    button.addEventListener('click', () => {
      range = button.dataset['range'] as Range
      for (const one of byId('ranges').querySelectorAll('button'))
        one.setAttribute('aria-pressed', String(one === button))
      void load()
    })
  }
  cockpit.addEventListener('visibilitychange', () => cockpit.hidden || void load())

  return {
    setUplinks: (next) => {
      if (next.join('\n') === names.join('\n')) return
      names = next
      showChips()
      void load()
    },
    refresh: () => {
      clearTimeout(timer)
      timer = setTimeout(load, settleMs)
    },
    redraw: () => window.to > 0 && draw(),
  }
}

function itemOf(event: Dated): HTMLElement {
  const words = event.event === 'start' ? 'the daemon began' : textOf(event)
  const time = element('time', 'secondary', momentText(event.at / 1000))
  time.dateTime = new Date(event.at).toISOString()
  return element('li', '', time, element('span', '', words))
}
