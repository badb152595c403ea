/** Control groups (cgroups(7), version 2), which exist only while used, and come back with other numbers. */
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import type { Config } from '../../model/config.ts'
import type { Cgroups } from '../../model/kernel.ts'
import { hasCode } from '../../os/error.ts'
import { parentSlice } from './slices.ts'

/** The slices of ours that exist now. */
export function readSlices(): Cgroups {
  const found: [string, number][] = []
  for (const entry of foldersIn(join(paths.cgroups, parentSlice))) {
    const path = `${parentSlice}/${entry.name}`
    const id = cgroupId(path)
    if (id !== null) found.push([path, id])
  }
  return Object.fromEntries(found)
}

/** The control groups that rules name and that exist now. */
export function readCgroups({ rules }: Pick<Config, 'rules'>): Cgroups {
  const wanted = new Set(rules.flatMap(({ match }) => match.cgroup ?? []))
  return Object.fromEntries([...wanted].map((path) => [path, cgroupId(path)]).filter(([, id]) => id !== null))
}

/** The number of a control group, given by its path below the root; null where it does not exist. */
export function cgroupId(path: string): number | null {
  return orNull(() => statSync(join(paths.cgroups, path)).ino)
}

/** Whether the host has the one hierarchy of cgroup v2. On any other, nft(8) finds no control group. */
export function hasUnifiedCgroups(): boolean {
  return cgroupId('cgroup.controllers') !== null
}

function foldersIn(path: string): readonly Dirent[] {
  const entries = orNull(() => readdirSync(path, { withFileTypes: true })) ?? []
  return entries.filter((entry) => entry.isDirectory())
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
