import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

const cases = (mode: string, oneServer: number, many: number) =>
  ['lan', 'host'].flatMap((side) =>
    ['IPv4', 'IPv6'].flatMap((family) => [
      [`${mode} ${side} ${family}, one server`, oneServer],
      [`${mode} ${side} ${family}, many`, many],
    ]),
  )

test('how many of three uplinks a client uses for one server, and for many, in each mode', async () => {
  const { stdout } = await inNamespace(new URL('play-modes.ts', import.meta.url), [])
  expect(JSON.parse(stdout)).toEqual(
    Object.fromEntries([
      ...cases('connection', 3, 3),
      ...cases('flow', 1, 3),
      ...cases('source', 1, 1),
      ...cases('failover', 1, 1),
      ...cases('random', 3, 3),
    ]),
  )
})
