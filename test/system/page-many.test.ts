/**
 * The page with as many uplinks as there may be, in a real browser. Cockpit and the daemon are a stand-in of a few lines here: the
 * real ones are in page.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundlePage } from '../../esbuild.page.ts'
import { missingForBrowser, type OpenBrowser, openBrowser } from '../lab/browser.ts'
import { record } from '../lab/measurements.ts'
import { longPatienceMs } from '../lab/patience.ts'

const count = 63

/** What page.js uses of cockpit.js; `tell` is PropertiesChanged of an uplink. */
const standIn = `
const variants = (object) => Object.fromEntries(Object.entries(object).map(([name, v]) => [name, { t: '', v }]))
const uplinks = Object.fromEntries(Array.from({ length: ${count} }, (_, index) => ['/org/ifbalance1/uplink/' + (index + 1), {
  'org.ifbalance1.Uplink': variants({ Name: 'line' + (index + 1), Number: index + 1, Interface: 'eth' + index, State: 'online',
    StateReason: '', Since: 0, Drained: '', Standby: index === 4, Metered: index === 4, QuotaUsed: index === 4 ? 0.5 : 0, Gateway4: '192.0.2.1', Gateway6: '', Addresses: [], Weight: 1, WeightReason: '',
    Share: 1 / ${count}, Line4: { latencyMs: index, loss: 0 }, Line6: {}, RxBytes: 0, TxBytes: 0 }),
}]))
const points = (line) => Array.from({ length: 720 }, (_, slot) => [slot, 120, 12, 0, line + (slot % 9), 1e6 * (slot % 50), 1e5])
const answers = {
  GetAll: () => [variants({ Mode: 'connection', HeldDown: false, Warnings: ['tun0 takes <b>all</b>'] })],
  GetManagedObjects: () => [uplinks],
  GetGraph: ([names, since]) => [JSON.stringify({ step: 120, since: Math.floor(since / 1e6),
    lines: names.map((uplink, line) => ({ uplink, family: 'inet', points: points(line) })) })],
  GetEvents: () => [[]],
}
const asked = []
let hear = () => {}
const tell = (number, changes) => {
  const path = '/org/ifbalance1/uplink/' + number
  Object.assign(uplinks[path]['org.ifbalance1.Uplink'], variants(changes))
  hear(path, 'org.freedesktop.DBus.Properties', 'PropertiesChanged', ['org.ifbalance1.Uplink', variants(changes), []])
}
const cockpit = {
  hidden: false,
  addEventListener() {},
  permission: () => ({ allowed: true, addEventListener() {} }),
  dbus: () => ({ addEventListener() {}, close() {}, subscribe(_, listener) { hear = listener; return { remove() {} } },
    async call(path, face, method, args) { asked.push([method, args]); return (answers[method] ?? (() => []))(args) } }),
}`

const lacking = missingForBrowser()
if (lacking !== null && process.env['CI']) throw new Error(lacking)

describe.skipIf(lacking !== null)(`${count} uplinks`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-page-'))
  let server: Server
  let open: OpenBrowser

  beforeAll(async () => {
    await bundlePage(folder)
    const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' } as const
    server = createServer(({ url = '' }, response) => {
      const [, name = '', kind] = /^\/page\/(\w+\.(html|js|css))$/.exec(url) ?? []
      const text = url === '/base1/cockpit.js' ? standIn : kind ? readFileSync(join(folder, name), 'utf8') : ''
      response.setHeader('Content-Type', types[(kind ?? 'js') as keyof typeof types])
      response.setHeader('Content-Security-Policy', "default-src 'self'; img-src 'self'; font-src 'self'")
      response.end(text)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open = await openBrowser()
  })
  afterAll(async () => {
    await open?.close()
    server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('are shown, eight of them in graphs, and what becomes of one is seen at once', async () => {
    const page = await open.browser.newPage()
    page.setDefaultTimeout(longPatienceMs)
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (said) => said.text().includes('Content Security Policy') && complaints.push(said.text()))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page/index.html`)
    await page.locator('tr[data-uplink=line63]').waitFor()
    expect(await page.locator('#uplinks tr').count()).toBe(count)
    expect(await page.locator('#summary').textContent()).toContain(
      '63 of 63 uplinks work. New connections by 63 of them.',
    )
    const special = (name: string) => page.locator(`tr[data-uplink=${name}] .role`).textContent()
    expect([await special('line4'), await special('line5')]).toEqual(['', 'standby, metered, 50 % of its quota used'])
    expect(await page.locator('#alerts').textContent()).toBe('tun0 takes <b>all</b>')
    await expect.poll(() => page.evaluate(`performance.getEntriesByName('graphs').length`)).toBeGreaterThan(0)
    const figure = async (entry: string) => Number(await page.evaluate(`performance.getEntriesByName(${entry}`)) / 1000
    const about = { unit: 's', release: 'chromium', stack: 'stand-in for Cockpit' }
    record({
      ...about,
      name: 'page with 63 uplinks: first picture',
      value: await figure(`'shown')[0].startTime`),
      limit: 1,
    })
    record({
      ...about,
      name: 'page: a day of eight lines drawn',
      value: await figure(`'graphs').at(-1).duration`),
      limit: 0.3,
    })

    await page.evaluate(`tell(63, { State: 'down', StateReason: 'no carrier' })`)
    await page.locator('tr[data-uplink=line63]').filter({ hasText: 'no carrier' }).waitFor()
    expect(await page.locator('#lines input:checked').count()).toBe(8)
    expect(await page.locator('#lines input:enabled').count()).toBe(8)
    await page.getByLabel('line8', { exact: true }).uncheck()
    await page.getByLabel('line63', { exact: true }).check()
    const names = `JSON.stringify(asked.findLast(([method]) => method === 'GetGraph')[1][0])`
    await expect.poll(() => page.evaluate(names)).toContain('"line7","line63"')
    await page.locator('tr[data-uplink=line2]').getByRole('button', { name: 'Drain line2' }).click()
    await page.locator('dialog').getByRole('button', { name: 'Drain' }).click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    expect(await page.evaluate(`JSON.stringify(asked.find(([method]) => method === 'SetDrained'))`)).toBe(
      '["SetDrained",["line2",true]]',
    )
    expect(complaints).toEqual([])
  })
})
