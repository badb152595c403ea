/** Whether the programs that we run are there and new enough. */
import { accessSync, constants } from 'node:fs'
import { programs } from '../layout.ts'
import { messageOf } from '../os/log.ts'
import { run } from '../os/run.ts'
import type { Finding } from './finding.ts'

type Tool = keyof typeof programs

/** The oldest versions that this is tested with, those of Debian 12, and how each program is asked for its version. */
const versions = {
  ip: { flag: '-Version', atLeast: [6, 1] },
  nft: { flag: '--version', atLeast: [1, 0, 6] },
  conntrack: { flag: '--version', atLeast: [1, 4, 7] },
} as const

export async function checkTools(): Promise<readonly Finding[]> {
  return Promise.all((Object.keys(programs) as Tool[]).map(checkTool))
}

async function checkTool(tool: Tool): Promise<Finding> {
  try {
    accessSync(programs[tool], constants.X_OK)
    if (!isVersioned(tool)) return { level: 'ok', what: tool, message: programs[tool] }
    const { flag, atLeast } = versions[tool]
    const { stdout } = await run(programs[tool], [flag])
    return judge(tool, stdout.trim(), atLeast)
  } catch (error) {
    return { level: 'error', what: tool, message: messageOf(error) }
  }
}

function isVersioned(tool: Tool): tool is keyof typeof versions {
  return Object.hasOwn(versions, tool)
}

/**
 * Whether the version is new enough. `said`: what the tool printed, in which the first number with a dot is its
 * version.
 */
export function judge(what: string, said: string, atLeast: readonly number[]): Finding {
  const version = /\d+(\.\d+)+/.exec(said)?.[0]
  if (version === undefined) return { level: 'warning', what, message: `no version found in "${said.slice(0, 100)}"` }
  if (isAtLeast(version.split('.').map(Number), atLeast)) return { level: 'ok', what, message: version }
  return { level: 'error', what, message: `version ${version}: expected ${atLeast.join('.')} or later` }
}

function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  const different = wanted.findIndex((part, index) => part !== (version[index] ?? 0))
  return different === -1 || (version[different] ?? 0) > (wanted[different] ?? 0)
}
