import { expect, test } from 'vitest'
import { stillLeft } from '../../../src/commands/apply.ts'

/** What each look finds, and whether the daemon can be asked again. */
test.each([
  { name: 'nothing', found: [[]], asked: 0, left: [] },
  { name: 'a weight that changed behind its look', found: [['weight 22'], []], asked: 1, left: [] },
  { name: 'another one behind the next', found: [['weight 22'], ['weight 45'], []], asked: 2, left: [] },
  { name: 'what its configuration does not say', found: [['rule'], ['rule'], ['rule']], asked: 2, left: ['rule'] },
])('what is left behind the daemon: $name', async ({ found, asked, left }) => {
  const looks = [...found]
  let times = 0
  const still = await stillLeft(
    async () => looks.shift() ?? ['too many looks'],
    async () => ++times > 0,
  )
  expect({ still, times }).toEqual({ still: left, times: asked })
})

test('a daemon that went meanwhile is not waited for', async () => {
  expect(
    await stillLeft(
      async () => ['rule'],
      async () => false,
    ),
  ).toEqual(['rule'])
})
