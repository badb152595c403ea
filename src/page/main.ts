/** The page: what the daemon says on D-Bus, shown. Cockpit serves it, and carries it to the system's bus. */
import { type Daemon, followDaemon } from './daemon.ts'
import { confirm } from './dialog.ts'
import { byId, element, setText } from './elements.ts'
import { createHistory } from './history.ts'
import { callFor, questionAbout, refusalText, type Verb, verbTitles } from './orders.ts'
import { createTable } from './table.ts'
import { followTheme } from './theme.ts'
import {
  inOrder,
  type Look,
  lookAt,
  ratesBetween,
  summaryText,
  type UplinkView,
  uplinkView,
  warningsOf,
} from './uplinks.ts'

const table = createTable(byId('uplinks'), order)
const permission = cockpit.permission({ admin: true })
let latest: Daemon | null = null
let views: readonly UplinkView[] = []
let refused = ''
/** Looks at the counters, by object path: those are at most so old, and at least. */
const looks = new Map<string, { readonly before: Look | undefined; readonly latest: Look }>()
const shortestLookMs = 900
let statesBefore = ''

function show(daemon: Daemon | null): void {
  const now = Date.now()
  latest = daemon
  const uplinks = inOrder(daemon?.uplinks.entries() ?? []).map(([path, uplink]) =>
    uplinkView(uplink, ratesOf(path, lookAt(uplink, now)), now),
  )
  views = uplinks
  table.show(uplinks, permission.allowed === true)
  byId('read-only').hidden = permission.allowed !== false
  setText(byId('summary'), daemon ? summaryText(daemon.manager, uplinks) : 'The daemon is not running.')
  alerts(daemon)
  if (daemon === null) return
  if (performance.getEntriesByName('shown').length === 0) performance.mark('shown')
  history.setUplinks(uplinks.map(({ name }) => name))
  const states = uplinks.map(({ name, state }) => `${name} ${state}`).join('\n')
  if (states !== statesBefore) history.refresh()
  statesBefore = states
}

function ratesOf(path: string, now: Look) {
  const known = looks.get(path)
  const isLater = known === undefined || now.atMs - known.latest.atMs >= shortestLookMs
  const next = isLater ? { before: known?.latest, latest: now } : known
  looks.set(path, next)
  return ratesBetween(next.before, next.latest)
}

function alerts(daemon: Daemon | null): void {
  const told = [
    ...(daemon === null
      ? [['danger', 'No daemon runs, so nothing here is up to date: systemctl status ifbalance says why.'] as const]
      : []),
    ...(daemon?.manager['HeldDown'] === true
      ? [
          [
            'warning',
            'Taken down: nothing is balanced until “ifbalance apply”. The uplinks are shown as they would be.',
          ] as const,
        ]
      : []),
    ...warningsOf(daemon?.manager).map((words) => ['warning', words] as const),
    ...(refused === '' ? [] : [['danger', refused] as const]),
  ]
  const box = byId('alerts')
  if (box.textContent === told.map(([, words]) => words).join('')) return
  box.replaceChildren(...told.map(([kind, words]) => element('p', `pf-v6-c-alert pf-m-${kind}`, words)))
}

function order(verb: Verb, name: string): void {
  const view = views.find((one) => one.name === name)
  if (!view) return
  const deed = () => daemon.order(...callFor(verb, name))
  const question = questionAbout(verb, view, views)
  if (question) confirm(question, verbTitles[verb], deed, refusalText)
  else
    deed().then(
      () => tellRefused(''),
      (error) => tellRefused(`${verbTitles[verb]} ${name}: ${refusalText(error)}`),
    )
}

function tellRefused(words: string): void {
  refused = words
  alerts(latest)
}

const daemon = followDaemon(show)
const history = createHistory(daemon)
followTheme(history.redraw)
permission.addEventListener('changed', () => show(latest))
