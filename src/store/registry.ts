/** Every file of ours in /run and /var/lib. Whoever adds one adds it here, and to FILES in ifbalance(8). */
import { paths } from '../layout.ts'
import { busFile } from './bus-facts.ts'
import { delegations } from './delegations.ts'
import { healthFile } from './health.ts'
import { heldDownPath } from './held-down.ts'
import { historyPath } from './history.ts'
import { lastGoodFile } from './last-good.ts'
import { leases } from './leases.ts'
import { linesFile } from './lines.ts'
import { mtuSearchesFile } from './mtu-searches.ts'
import { nameServers6 } from './name-servers.ts'
import { notifyFile } from './notify.ts'
import { notifyWantedPath } from './notify-wanted.ts'
import { numbersFile } from './numbers.ts'
import { pathMtusFile } from './path-mtus.ts'
import { quotaFile } from './quota.ts'
import { refusedFile } from './refused.ts'
import { spreadingFile } from './spreading.ts'
import { stanzas } from './stanzas.ts'
import { stateFile } from './state.ts'
import { stateTimesFile } from './state-times.ts'
import { switchFolders } from './switches.ts'
import { tableNamesPath } from './table-names.ts'
import { usablePath } from './usable.ts'

/** Files with one value each. */
export const storedFiles = {
  state: stateFile,
  health: healthFile,
  stateTimes: stateTimesFile,
  refused: refusedFile,
  bus: busFile,
  quota: quotaFile,
  lines: linesFile,
  numbers: numbersFile,
  spreading: spreadingFile,
  pathMtus: pathMtusFile,
  mtuSearches: mtuSearchesFile,
  lastGood: lastGoodFile,
  notify: notifyFile,
} as const

/** Folders with a value for each interface. */
export const storedFolders = { leases, nameServers6, delegations, stanzas } as const

/** All paths, as people find them on the host. */
export const everyFile: readonly string[] = [
  ...Object.values(storedFiles).map(({ path }) => path),
  ...Object.values(storedFolders).map(({ folder }) => `${folder}/*.json`),
  // Empty files, a text for ip(8), and a lock and a socket.
  ...[
    ...Object.values(switchFolders).map((folder) => `${folder}/*`),
    heldDownPath,
    usablePath,
    notifyWantedPath,
    historyPath,
    tableNamesPath,
    paths.lock,
    paths.control,
  ],
]

/** How long what was told of an interface is kept after that has gone, in ms. Sticks and phones may have a new name each time. */
const keptMs = 30 * 24 * 3600 * 1000

/**
 * Removes what was told more than a month ago of interfaces that are not here. `now` in milliseconds since 1970; where
 * the host's date leaps, no more is lost than what a hook tells again when the interface comes. Never throws.
 */
export function removeLongGone(here: ReadonlySet<string>, now: number): void {
  for (const folder of Object.values(storedFolders)) folder.removeOld(here, now - keptMs)
}
