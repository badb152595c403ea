/** Lines of sh(1) in the emulated machine, each of which ends it where it fails. */
import { command } from '../../lab/command.ts'

export const sh = async (line: string) => (await command(['/bin/sh', '-ec', line], { timeoutMs: 600_000 })).stdout
