/** What each source of gateways has to describe of itself. */
import type { Environment, HookEvent } from './hook-event.ts'
import type { Service } from './service.ts'

export type Reading = Omit<HookEvent, 'interface'>

/** A script in hooks/, which hands on the environment that it was called with. */
export interface Hook {
  /** The variable that names the interface. */
  readonly device: 'IFACE' | 'interface'
  /** Whether `complete` reads what root alone may. */
  readonly asRoot?: true
  /** Adds what the host's files say to the environment. Never throws. */
  readonly complete?: (env: Environment) => Environment
  /** Reads an event; `device` is a checked name. Pure, and never throws. */
  readonly read: (device: string, env: Environment) => Reading
}

interface Hooked {
  /** Hooks by the names of their files in hooks/. */
  readonly hooks: Readonly<Record<string, Hook>>
}

/** A source that calls our hook when it has something to say. */
export interface TellingSource extends Hooked {
  /**
   * Keeps what the source's hook would have said of what was there before us. Failures are logged. It is called when
   * the daemon starts, or when the package is installed: then by root, who may look at other programs. Its code is
   * loaded only then, so that hooks start faster.
   */
  readonly earlier?: { readonly when: 'started' | 'installed'; readonly keep: () => Promise<void> }
}

/** A source that is asked over D-Bus; its hook, if it has one, only says when to look. */
export interface AskedSource extends Hooked, Service {}

/** A hook that says nothing of its own, as the kernel or the bus tells all that it could. */
export const justLook: Hook = {
  device: 'IFACE',
  read: () => ({ fact: { kind: 'none' }, reconcile: true, complaints: [] }),
}
