/** A hook's environment -> what it tells us. Pure but for `environmentOf`, which also reads the host's files. */

import { isInterfaceName } from '../net/valid.ts'
import { getOwn } from '../values/get-own.ts'
import type { Environment, HookEvent } from './hook-event.ts'
import { quoted } from './quoted.ts'
import { hooks } from './registry.ts'

const nothing: HookEvent = { interface: null, fact: { kind: 'none' }, reconcile: false, complaints: [] }

/** The environment of a hook of `kind`, with what its source's files add. Never throws. */
export function environmentOf(kind: string, env: Environment): Environment {
  return getOwn(hooks, kind)?.complete?.(env) ?? env
}

/** Whether what a hook of `kind` says is known to root alone. */
export function needsRoot(kind: string): boolean {
  return getOwn(hooks, kind)?.asRoot === true
}

/**
 * Reads the event of a hook of `kind`, the name of its file in hooks/. Never throws: whatever the environment says, the
 * worst is an event without facts and a complaint.
 */
export function readEvent(kind: string, env: Environment): HookEvent {
  const hook = getOwn(hooks, kind)
  if (!hook) return { ...nothing, complaints: [`hook: unknown kind ${quoted(kind)}`] }
  const device = env[hook.device] ?? ''
  if (device === '' || device === 'lo' || device === '--all') return nothing
  if (isInterfaceName(device)) return { ...hook.read(device, env), interface: device }
  // `eth0:1` is a label for a second address of eth0 (interfaces(5)): it is no interface, but something has changed.
  if (isInterfaceName(device.replace(/:[A-Za-z0-9_.-]{1,10}$/, ''))) return { ...nothing, reconcile: true }
  return { ...nothing, complaints: [`${kind} hook: ${quoted(device)} is no interface name that we take: ignored`] }
}
