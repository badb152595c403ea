/** What we write to the kernel reads back as we wrote it, with Debian 12's tools and with Debian 13's. */
import { expect, test } from 'vitest'
import { image } from '../lab/image.ts'
import { inNamespace } from './namespace.ts'

const seed = Number(process.env['SEED'] ?? 20261126)
const play = new URL('play-formats.ts', import.meta.url)

test.each([
  { debian: 12, folder: async () => '/', iproute2: '6.1.0', nft: '1.0.6' },
  { debian: 13, folder: () => image('trixie', [], () => {}), iproute2: '6.15.0', nft: '1.1.3' },
])(
  `routes, rules, rulesets and connections read back equal by Debian $debian's tools (SEED=${seed})`,
  async ({ folder, iproute2, nft }) => {
    const { stdout } = await inNamespace(play, [await folder(), String(seed)])
    const { versions, ...count } = JSON.parse(stdout)
    expect(versions).toMatch(new RegExp(`iproute2-${iproute2}[^]*nftables v${nft}`))
    for (const written of Object.values(count)) expect(written).toBeGreaterThan(12)
  },
)
