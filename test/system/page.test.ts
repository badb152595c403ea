/** The page for Cockpit: a real browser, Cockpit, polkit and daemon on a booted Debian. Both releases with IFBALANCE_PAGE=both. */
import { chownSync, copyFileSync, mkdirSync, statSync } from 'node:fs'
import type { FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingForBrowser, type OpenBrowser, openBrowser } from '../lab/browser.ts'
import { monotonicMs } from '../lab/command.ts'
import { builtDeb, builtPage } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { record } from '../lab/measurements.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { writePast } from '../unit/past.ts'
import { lacksLab } from './needs.ts'

const packages = ['cockpit-ws', 'cockpit-bridge', 'cockpit-system', 'polkitd', 'sudo']
const password = 'of no use elsewhere'
const config = '[uplink fibre]\ninterface = wan1\n\n[uplink lte]\ninterface = wan2\n'
const more = ['line3', 'line4', 'line5', 'line6', 'line7', 'line8']

const missing = (await lacksLab()) || lacksBrowser()
const releases = process.env['IFBALANCE_PAGE'] === 'both' ? (['bookworm', 'trixie'] as const) : (['trixie'] as const)

function lacksBrowser(): boolean {
  const lacking = missingForBrowser()
  if (lacking !== null && process.env['CI']) throw new Error(lacking)
  return lacking !== null
}

describe.skipIf(missing).each(releases)('%s', (release) => {
  let lab: Lab
  let open: OpenBrowser
  let page: Page
  let frame: FrameLocator
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)
  const write = (path: string, input: string) => lab.machine.exec(['/usr/bin/tee', path], { input })
  const measured = (name: string, value: number, unit: string, limit: number) =>
    record({ name, value, unit, limit, release, stack: 'networkd' })
  const rowOf = (name: string) => frame.locator(`tr[data-uplink=${name}]`)
  const stateOf = (name: string) => rowOf(name).locator('.pf-v6-c-label')

  beforeAll(async () => {
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', ipv6: true, packages, progress })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/program.deb`)
    copyFileSync(builtPage(), `${lab.machine.root}/srv/page.deb`)
    await lab.boot()
    await run('/usr/bin/mkdir', '-p', '/etc/ifbalance/conf.d')
    await write('/etc/ifbalance/conf.d/50-names.conf', config)
    await run('/usr/bin/dpkg', '-i', '/srv/program.deb', '/srv/page.deb')
    // sudo asks for the host's own name.
    const name = (await run('/usr/bin/uname', '-n')).stdout.trim()
    await lab.machine.exec(['/usr/bin/tee', '-a', '/etc/hosts'], { input: `127.0.1.1 ${name}\n` })
    for (const [user, group] of [
      ['admin', 'sudo'],
      ['guest', 'users'],
    ] as const) {
      await run('/usr/sbin/useradd', '-m', '-s', '/bin/bash', '-G', group, user)
      await lab.machine.exec(['/usr/sbin/chpasswd'], { input: `${user}:${password}\n` })
    }
    await run('/usr/bin/systemctl', 'stop', 'ifbalance')
    await writeTwoDays(`${lab.machine.root}/var/lib/ifbalance`)
    await run('/usr/bin/systemctl', 'start', 'ifbalance')
    open = await openBrowser(lab.network.host)
  })
  afterAll(async () => {
    await open?.close()
    await lab?.dispose()
  })

  async function logIn(user: 'admin' | 'guest'): Promise<readonly { readonly url: string; readonly bytes: number }[]> {
    const context = await open.browser.newContext({
      viewport: { width: 1200, height: 1060 },
      timezoneId: 'Europe/Berlin',
    })
    context.setDefaultTimeout(longPatienceMs)
    page = await context.newPage()
    const loaded: { readonly url: string; readonly bytes: number }[] = []
    page.on('requestfinished', async (request) => {
      const { responseBodySize: bytes } = await request.sizes()
      if (request.frame().url().includes('/ifbalance/index.html')) loaded.push({ url: request.url(), bytes })
    })
    await page.goto('http://localhost:9090/ifbalance')
    if (user === 'admin') await page.evaluate(() => localStorage.setItem('superuser:admin', 'any'))
    await page.fill('#login-user-input', user)
    await page.fill('#login-password-input', password)
    await page.click('#login-button')
    frame = page.frameLocator('iframe[name$="/ifbalance"]')
    await stateOf('fibre').waitFor()
    return loaded
  }

  function ownFrame() {
    const own = page.frames().find((one) => one.name().endsWith('/ifbalance'))
    if (!own) throw new Error('the page is not there')
    return own
  }

  const pixels = () =>
    frame.locator('#latency canvas').evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL())

  async function picture(name: string): Promise<void> {
    const folder = process.env['IFBALANCE_PICTURES'] ?? 'dist/pictures'
    await page.screenshot({ path: `${import.meta.dirname}/../../${folder}/page-${name}.png` })
  }

  test('who has no rights sees all, and changes nothing; nobody outside is asked for anything', async () => {
    const asked: string[] = []
    open.browser.on('context', (context) => context.on('request', (request) => asked.push(request.url())))
    const loaded = await logIn('guest')
    expect(await stateOf('lte').textContent()).toBe('online')
    expect(await rowOf('fibre').textContent()).toContain('50 %')
    await frame.locator('#read-only').waitFor()
    for (const button of await rowOf('fibre').locator('button').all()) expect(await button.isEnabled()).toBe(false)
    const refused =
      await ownFrame().evaluate(`Promise.resolve(cockpit.dbus('org.ifbalance1', { bus: 'system', superuser: 'try' })
      .call('/org/ifbalance1', 'org.ifbalance1.Manager', 'SetEnabled', ['fibre', false], { type: 'sb' })
      .then(() => 'done', (error) => error.name))`)
    expect(refused).toMatch(/AccessDenied|InteractiveAuthorizationRequired/)
    expect((await run('/usr/sbin/ifbalance', 'status')).stdout).toMatch(/^fibre +wan1 +online/m)
    expect(asked.filter((url) => !/^(http|ws):\/\/localhost:9090\/|^(data|blob):/.test(url))).toEqual([])
    await frame.locator('#traffic canvas').waitFor()
    const bytes = loaded.reduce((sum, one) => sum + one.bytes, 0)
    expect(loaded.length).toBeGreaterThanOrEqual(4)
    measured('page for Cockpit: bytes loaded', bytes / 1000, 'kB', 300)
    const shown = await ownFrame().evaluate(`performance.getEntriesByName('shown')[0].startTime`)
    measured('page for Cockpit: first picture', Number(shown) / 1000, 's', 1)
    const policy = await ownFrame().evaluate(
      `fetch('index.html').then((it) => it.headers.get('content-security-policy'))`,
    )
    expect(policy).toContain("default-src 'self'")
    await page.context().close()
  })

  test('a pulled cable is shown, in the table and in the graphs, and so is its return', async () => {
    await logIn('admin')
    await frame.locator('button[data-range=hour]').click()
    await frame.locator('#traffic canvas').waitFor()
    await expect.poll(pixels).not.toBe('')
    const before = await pixels()
    const pulled = monotonicMs()
    await lab.network.isps[1].setCarrier(false)
    await stateOf('lte').filter({ hasText: 'down' }).waitFor()
    measured('a cable is pulled -> the page shows it', (monotonicMs() - pulled) / 1000, 's', 2)
    await rowOf('lte').filter({ hasText: 'no carrier' }).waitFor()
    await frame.locator('#events li').filter({ hasText: 'lte is down: no carrier' }).first().waitFor()
    await expect.poll(pixels).not.toBe(before)
    await lab.network.isps[1].setCarrier(true)
    await stateOf('lte').filter({ hasText: 'online' }).waitFor()
  })

  test('by keyboard: an uplink is disabled after a question, which Escape answers with no, and enabled', async () => {
    // A first try may have left its question.
    if ((await frame.locator('dialog').count()) > 0) await page.keyboard.press('Escape')
    const disable = rowOf('fibre').getByRole('button', { name: 'Disable fibre' })
    await expect.poll(() => disable.isEnabled(), { timeout: longPatienceMs }).toBe(true)
    // The question tells which others take new connections when it is asked: one that is just back may not yet.
    await rowOf('lte').locator('.share-text').filter({ hasText: /[1-9]/ }).waitFor()
    await disable.press('Enter')
    const questions = () => frame.locator('dialog').allTextContents()
    await expect.poll(questions).toEqual([expect.stringContaining('New ones go by lte.')])
    await page.keyboard.press('Escape')
    await frame.locator('dialog').waitFor({ state: 'detached' })
    expect(await stateOf('fibre').textContent()).toBe('online')
    await page.keyboard.press('Enter')
    await frame.locator('dialog').waitFor()
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await stateOf('fibre').filter({ hasText: 'disabled' }).waitFor()
    await frame.locator('dialog').waitFor({ state: 'detached' })
    await rowOf('fibre').filter({ hasText: 'by command' }).waitFor()
    expect((await run('/usr/sbin/ifbalance', 'status')).stdout).toMatch(/^fibre +wan1 +disabled/m)
    await rowOf('fibre').getByRole('button', { name: 'Enable fibre' }).click()
    await stateOf('fibre').filter({ hasText: 'online' }).waitFor()
  })

  test('a daemon that ends is told, and one that comes is shown, in the page that is open', async () => {
    await run('/usr/bin/systemctl', 'stop', 'ifbalance')
    await frame.locator('#alerts').filter({ hasText: 'No daemon runs' }).waitFor()
    await run('/usr/bin/systemctl', 'start', 'ifbalance')
    await stateOf('lte').filter({ hasText: 'online' }).waitFor()
    expect(await frame.locator('#alerts').textContent()).not.toContain('No daemon runs')
  })

  test('it is light, dark, and as narrow as a phone', async () => {
    await frame.locator('button[data-range=day]').click()
    const background = () =>
      frame.locator('html').evaluate(`getComputedStyle(document.documentElement).backgroundColor`)
    await page.waitForTimeout(1500)
    await picture('light')
    const light = await background()
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(background).not.toBe(light)
    await picture('dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 390, height: 844 })
    const overflow = () => frame.locator('html').evaluate(`document.documentElement.scrollWidth - innerWidth`)
    await expect.poll(overflow).toBeLessThanOrEqual(0)
    await picture('phone')
    await page.setViewportSize({ width: 1200, height: 1060 })
  })

  test('a day of eight lines', async () => {
    const sections = more.map((name) => `[uplink ${name}]\ninterface = ${name}\n`)
    await write('/etc/ifbalance/conf.d/60-more.conf', sections.join('\n'))
    await run('/usr/bin/systemctl', 'reload', 'ifbalance')
    await stateOf('line8').waitFor()
    const count = `performance.getEntriesByName('graphs').length`
    const drawn = Number(await ownFrame().evaluate(count))
    await frame.locator('button[data-range=day]').click()
    await expect.poll(async () => Number(await ownFrame().evaluate(count))).toBeGreaterThan(drawn)
    const took = await ownFrame().evaluate(`performance.getEntriesByName('graphs').at(-1).duration`)
    measured('page for Cockpit: a day of eight lines, from the question to the graphs', Number(took) / 1000, 's', 0.3)
  })
})

/** Two days of eight lines. */
async function writeTwoDays(folder: string): Promise<void> {
  const path = `${folder}/history.db`
  const now = Math.floor(Date.now() / 60_000) * 60
  const isOut = (uplink: number, ago: number) => uplink === 1 && outBefore.some(([from, to]) => ago <= from && ago > to)
  await writePast(path, { uplinks: ['fibre', 'lte', ...more], days: 2, now, events: eventsBefore(now), isOut })
  const { uid, gid } = statSync(folder)
  for (const end of ['', '-wal', '-shm'])
    if (statSync(path + end, { throwIfNoEntry: false })) chownSync(path + end, uid, gid)
}

/** When `lte` was out, in seconds before now. */
const outBefore = [
  [52_000, 49_600],
  [17_000, 16_100],
] as const

function eventsBefore(now: number) {
  return outBefore.flatMap(([from, to]) => [
    { ...lteIs('online', 'offline', '0 of 3 targets answered'), at: (now - from) * 1000 },
    { ...lteIs('offline', 'online', ''), at: (now - to) * 1000, durationMs: (from - to) * 1000 },
  ])
}

function lteIs(from: 'online' | 'offline', to: 'online' | 'offline', reason: string) {
  return { event: 'uplink', uplink: 'lte', from, to, reason } as const
}
