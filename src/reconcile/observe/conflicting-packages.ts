/** Other packages on this host that do our work in their own way: both at once is nobody's wish. */
import { existsSync } from 'node:fs'
import { conflictingPackages } from '../../layout.ts'
import type { Trouble } from '../../model/trouble.ts'

/** Such packages, for `ifbalance check`, `status` and the daemon's log. */
export function readRivals(): readonly Trouble[] {
  return Object.entries(conflictingPackages)
    .filter(([, path]) => existsSync(path))
    .map(([name, path]) => ({
      kind: 'package',
      reason: `${name} is installed (${path}): its routes and rules decide before ours; keep one of the two`,
    }))
}
