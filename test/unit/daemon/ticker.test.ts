import { expect, test } from 'vitest'
import { createTicker } from '../../../src/daemon/ticker.ts'
import { follow } from '../../../src/os/follow.ts'

test('what came while this process was busy is heard before anybody looks whether it is missing', async () => {
  const ticker = createTicker()
  const order: string[] = []
  const looked = Promise.withResolvers<void>()
  ticker.join(() => {
    order.push('looked')
    looked.resolve()
    return undefined
  })
  follow('/bin/echo', ['answered'], { onLine: (line) => order.push(line), onEnd: () => undefined })
  // Longer than between two beats, as when many programs are started.
  for (const until = performance.now() + 1500; performance.now() < until; );
  await looked.promise
  ticker.stop()
  expect(order).toEqual(['answered', 'looked'])
})
