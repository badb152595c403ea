import { expect, test } from 'vitest'
import { inNamespace } from './namespace.ts'

test('each file in /run and /var/lib reads back as it was written, and garbage in its place is as good as none', async () => {
  const { stdout } = await inNamespace(new URL('play-store.ts', import.meta.url), [])
  expect(stdout).toBe('all read back')
})
