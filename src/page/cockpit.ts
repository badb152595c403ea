/** What the page uses of cockpit.js, which Cockpit itself serves: https://cockpit-project.org/guide/latest/cockpit-dbus */

export interface BusClient {
  readonly call: (
    path: string,
    face: string,
    method: string,
    args: readonly unknown[],
    options?: { readonly type?: string; readonly timeout?: number },
  ) => Promise<readonly unknown[]>
  readonly subscribe: (
    match: Readonly<Record<string, string>>,
    onSignal: (path: string, face: string, signal: string, args: readonly unknown[]) => void,
  ) => { readonly remove: () => void }
  readonly addEventListener: (event: 'close' | 'owner', listener: (event: Event, detail: unknown) => void) => void
  readonly close: () => void
}

/** Whether the user has Cockpit's administrative access; null while that is not known. */
interface Permission {
  readonly allowed: boolean | null
  readonly addEventListener: (event: 'changed', listener: () => void) => void
}

export interface Cockpit {
  readonly dbus: (name: string, options: { readonly bus: 'system'; readonly superuser?: 'try' }) => BusClient
  readonly permission: (options: { readonly admin: true }) => Permission
  /** Whether nobody sees the page: its browser window is covered, or Cockpit shows another page. */
  readonly hidden: boolean
  readonly addEventListener: (event: 'visibilitychange', listener: () => void) => void
}

declare global {
  var cockpit: Cockpit
}
