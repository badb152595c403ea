/** The dashboard against what Grafana's documents say of the JSON model (schemaVersion 37: what it would migrate, we have to have). */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource: unknown
  readonly fieldConfig: { readonly defaults: { readonly unit?: string }; readonly overrides: readonly unknown[] }
  readonly options: { readonly legend?: object; readonly tooltip?: object; readonly reduceOptions?: object }
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly datasource?: unknown }[]
}
interface Variable {
  readonly name: string
  readonly type: string
  readonly datasource?: unknown
}
interface Dashboard {
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly { readonly datasource: unknown; readonly expr: string }[] }
}

const text = readFileSync(new URL('../../../docs/grafana/ifbalance.json', import.meta.url), 'utf8')
const { schemaVersion, panels, templating, annotations }: Dashboard = JSON.parse(text)
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts its value there
const chosen = { type: 'prometheus', uid: '${datasource}' }

test('all panels ask the data source that its user has chosen', () => {
  const asking = [...panels, ...annotations.list, ...templating.list.filter(({ type }) => type === 'query')]
  for (const { datasource } of asking) expect(datasource).toEqual(chosen)
  for (const { datasource = chosen } of panels.flatMap(({ targets }) => targets)) expect(datasource).toEqual(chosen)
})

test('panels have numbers of their own, lie side by side in 24 columns, and none is over another', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24)
    return Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`)
  })
  expect(new Set(cells).size).toBe(cells.length)
  for (const { targets } of panels) expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
})

test('each panel is of a kind that every Grafana has, with units that it knows and what it would not add by itself', () => {
  expect(schemaVersion).toBe(37)
  for (const { type, title, options, fieldConfig } of panels) {
    expect(['stat', 'bargauge', 'state-timeline', 'timeseries', 'table'], title).toContain(type)
    expect([undefined, 's', 'Bps', 'percentunit'], title).toContain(fieldConfig.defaults.unit)
    if (type === 'timeseries')
      expect(options).toMatchObject({
        legend: { showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'none' },
      })
    if (type === 'stat' || type === 'bargauge') expect(options.reduceOptions, title).toEqual({ calcs: ['lastNotNull'] })
  }
})

test('every variable in a query is one of the dashboard, or of Grafana', () => {
  const names = new Set([...templating.list.map(({ name }) => name), '__rate_interval'])
  const queries = [...panels.flatMap(({ targets }) => targets), ...annotations.list].map(({ expr }) => expr)
  for (const expr of queries)
    for (const [, name = ''] of expr.matchAll(/\$\{?(\w+)/g)) expect(names, expr).toContain(name)
})
