import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { labPaths } from '../../lab/names.ts'
import { oneAtATime } from '../../lab/once.ts'

const name = `unit-${process.pid}`
afterAll(() => rmSync(`${labPaths.images}/${name}.lock`, { force: true }))

test('who is killed while it builds does not keep others from building', async () => {
  const module = JSON.stringify(new URL('../../lab/once.ts', import.meta.url).href)
  const script = `import(${module}).then(({ oneAtATime }) =>
    oneAtATime('${name}', () => new Promise((resolve) => { console.log('builds'); setTimeout(resolve, 600_000) })))`
  const builder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(builder.stdout, 'data')
  builder.kill('SIGKILL')
  expect(await oneAtATime(name, async () => 'built')).toBe('built')
})
