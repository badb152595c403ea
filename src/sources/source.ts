/** What each source of gateways has to say for itself. */
import type { Environment, HookEvent } from './hook-event.ts'
import type { Service } from './service.ts'

export type Reading = Omit<HookEvent, 'interface'>

/** One of the scripts in hooks/, which hands on the environment that it was called with. */
export interface Hook {
  /** The variable that names the interface. */
  readonly device: 'IFACE' | 'interface'
  /** With what the host's files say of it. Never throws. */
  readonly complete?: (env: Environment) => Environment
  /** Pure. Never throws; `device` is a checked name. */
  readonly read: (device: string, env: Environment) => Reading
}

interface Hooked {
  /** By the name of its file in hooks/. */
  readonly hooks: Readonly<Record<string, Hook>>
}

/** Calls our hook when it has something to say. */
export interface TellingSource extends Hooked {
  /**
   * Keeps what its hook would have said of what was there before us. Failures are logged. When the daemon starts, or when the
   * package is installed: by root, who may look at other programs. Loaded only then, as a hook must not pay for it.
   */
  readonly earlier?: { readonly when: 'started' | 'installed'; readonly keep: () => Promise<void> }
}

/** Is asked over D-Bus; a hook of its only says when to look. */
export interface AskedSource extends Hooked, Service {}

/** The kernel, or the bus, tells all that such a hook could. */
export const justLook: Hook = {
  device: 'IFACE',
  read: () => ({ fact: { kind: 'none' }, reconcile: true, complaints: [] }),
}
