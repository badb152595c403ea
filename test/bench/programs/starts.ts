/** What a start of the packaged program costs. Runs in the emulated machine; prints one JSON object, see starts.py. */

import { projectFolder } from '../../emulated/paths.ts'
import { command } from '../../lab/command.ts'
import { install, makeWorld } from '../world.ts'

await makeWorld(2)
await install('ifbalance', 2, 'none')
const { stdout } = await command(['/usr/bin/python3', `${projectFolder}/test/bench/programs/starts.py`], {
  timeoutMs: 600_000,
})
process.stdout.write(stdout)
