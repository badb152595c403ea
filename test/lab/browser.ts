/** A real browser, without a screen, in a network namespace or in the machine's own. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const program = '/usr/bin/chromium'

/** Null where it can be run. */
export function missingForBrowser(): string | null {
  return existsSync(program) ? null : `the page's tests need ${program} (Debian packages: test/lab/debian-packages)`
}

export interface OpenBrowser {
  readonly browser: Browser
  readonly close: () => Promise<void>
}

/** Quiet: what it would ask of others by itself has nobody to answer it. */
const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update']

/** A new one, with a folder of its own. `namespace`: whose localhost it sees; absent: this process' own. */
export async function openBrowser(namespace?: string): Promise<OpenBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-browser-'))
  const start = join(folder, 'chromium')
  const inside = namespace === undefined ? '' : `/usr/sbin/ip netns exec ${namespace} `
  writeFileSync(start, `#!/bin/sh\nexec ${inside}${program} "$@"\n`, { mode: 0o755 })
  const browser = await chromium.launch({
    executablePath: start,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
    env: { HOME: folder, PATH: '/usr/sbin:/usr/bin' },
    timeout: 120_000,
  })
  return {
    browser,
    close: async () => {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
