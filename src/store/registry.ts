/** Every file of ours in /run and /var/lib: whoever adds one adds it here, and to FILES in ifbalance(8). */
import { paths } from '../layout.ts'
import { busFile } from './bus-facts.ts'
import { delegations } from './delegations.ts'
import { disabledFolder } from './disabled.ts'
import { healthFile } from './health.ts'
import { heldDownPath } from './held-down.ts'
import { lastGoodFile } from './last-good.ts'
import { leases } from './leases.ts'
import { nameServers6 } from './name-servers.ts'
import { quotaFile } from './quota.ts'
import { refusedFile } from './refused.ts'
import { stanzas } from './stanzas.ts'
import { stateFile } from './state.ts'
import { tableNamesPath } from './table-names.ts'

/** A value each. */
export const storedFiles = {
  state: stateFile,
  health: healthFile,
  refused: refusedFile,
  bus: busFile,
  quota: quotaFile,
  lastGood: lastGoodFile,
} as const

/** A value an interface. */
export const storedFolders = { leases, nameServers6, delegations, stanzas } as const

/** As people find them on the host. */
export const everyFile: readonly string[] = [
  ...Object.values(storedFiles).map(({ path }) => path),
  ...Object.values(storedFolders).map(({ folder }) => `${folder}/*.json`),
  // Nothing in it, a text for ip(8), and what is no file of values: a lock and a socket.
  ...[`${disabledFolder}/*`, heldDownPath, tableNamesPath, paths.lock, paths.control],
]
