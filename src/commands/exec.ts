/**
 * `ifbalance exec UPLINK -- COMMAND`: becomes a command that uses this uplink and no other, as do its children. With `--all`,
 * one whose TCP connections use all.
 */
import { existsSync } from 'node:fs'
import { becomeCommand } from '../cli/become.ts'
import { busRefusal } from '../cli/bus-refusal.ts'
import { followSlice } from '../cli/follow-slice.ts'
import { settings } from '../cli/settings.ts'
import { uplinkCalled } from '../daemon/control/switching.ts'
import { hasUnifiedCgroups } from '../kernel/cgroup/cgroups.ts'
import { slicePath, sliceUnit } from '../kernel/cgroup/slices.ts'
import { hasMptcp } from '../kernel/mptcp.ts'
import { optionalPrograms, paths } from '../layout.ts'
import type { Config } from '../model/config.ts'
import { enterScope, isSystemdRunning } from '../os/dbus/scope.ts'
import { readIfThere } from '../os/files.ts'
import { log } from '../os/log.ts'
import { isPaused } from '../store/held-down.ts'
import { loadState } from '../store/state.ts'

/**
 * The exit code where we fail, as env(1) has it. 126 and 127, for a command that cannot be run or found, are env's own.
 */
const failed = 125

const whoMay = 'root may, and who polkit lets do org.freedesktop.systemd1.manage-units'

const expected = 'expected: ifbalance exec UPLINK -- COMMAND, or --all instead of UPLINK (see ifbalance --help)'

/** Resolves with an exit code only where the command was not run: nothing of it must ever use another uplink. */
export async function run({
  words,
  all,
}: {
  readonly words: readonly string[]
  readonly all: boolean
}): Promise<number> {
  if (all) return words[0] === '--' && words.length > 1 ? refuse(becomeMptcp(words.slice(1))) : refuse(expected)
  const [uplink = '', ...rest] = words
  const command = rest[0] === '--' ? rest.slice(1) : rest
  if (uplink === '' || uplink.startsWith('-') || command.length === 0) return refuse(expected)
  try {
    return refuse((await entered(uplink)) ?? becomeCommand(command))
  } catch (error) {
    const { name, text } = busRefusal(error)
    return refuse(name === 'org.freedesktop.DBus.Error.AccessDenied' ? `${text}: ${whoMay}` : text)
  }
}

/** Becomes the command with MPTCP in place of TCP, by which one connection uses all uplinks; returns what is in the way. */
function becomeMptcp(command: readonly string[]): string {
  const { mptcpize } = optionalPrograms
  if (!existsSync(mptcpize)) return `--all needs ${mptcpize}: install the package mptcpize`
  if (!hasMptcp()) return '--all needs MPTCP, which the kernel does not have, or net.mptcp.enabled is 0'
  return becomeCommand(command, [mptcpize, 'run'])
}

/**
 * Puts this process where the kernel knows which uplink is meant. Null when that is done; otherwise what is in the way,
 * for people.
 */
async function entered(word: string): Promise<string | null> {
  if (!isSystemdRunning() || !hasUnifiedCgroups())
    return `this needs systemd as the init system, and the control groups of version 2 at ${paths.cgroups}`
  if (isPaused()) return 'taken down; ifbalance apply starts again'
  const { config } = settings()
  const uplink = uplinkCalled(word, knownUplinks(config))
  if (typeof uplink !== 'string') return uplink.message
  await enterScope(`ifbalance-exec-${process.pid}.scope`, sliceUnit(uplink), `Command on uplink ${uplink}`)
  const where = readIfThere('/proc/self/cgroup') ?? ''
  if (!where.includes(`:/${slicePath(uplink)}/`)) return `systemd did not put us into ${sliceUnit(uplink)}`
  return followSlice(uplink, config)
}

/** Uplinks from files alone: a look at the host would run other programs (see cli/become.ts). */
function knownUplinks({ uplinks }: Config): readonly { readonly name: string; readonly interface: string }[] {
  const met = Object.entries(loadState().uplinks).map(([name, { interface: device }]) => ({ name, interface: device }))
  return [...met, ...uplinks]
}

function refuse(problem: string): number {
  log.error(`exec: ${problem}`)
  return failed
}
