/** What hooks and commands say to the daemon, and its answer: one text line of JSON each way. Pure. */
import type { Environment } from '../../sources/hook-event.ts'
import { switchVerbs } from '../../store/switches.ts'

/**
 * A request. `reconcile`: look at the world now. `apply`: the same, and end what `down` began. `down`: take everything
 * of ours away, and keep it away. `reload`: read the configuration again. `status`: answer that you run. `enable`,
 * `disable`: take this uplink in or out. `drain`: give it no new connections. `measured`: it has carried so
 * much when it was loaded on purpose. `follow`: send by this uplink what its slice sends. `history`: write down what
 * is in memory of it. `hook`: take what a hook says, and look at the world.
 */
export interface Request {
  readonly do: (typeof verbs)[number]
  readonly uplink?: string
  /** What the uplink has carried downwards. */
  readonly bytesPerSecond?: number
  /** Who asks, or what happened, for the log. */
  readonly reason?: string
  /** The name of the hook's script. */
  readonly hook?: string
  /** The variables that the hook hands over. */
  readonly environment?: Environment
}

/** The name that a daemon binds its socket to; it is moved to `path` afterwards, and the kernel goes on to tell this one. */
export function boundName(path: string, pid: number): string {
  return `${path}.${pid}`
}

/** Whether a daemon binds its socket to that name. */
export function isBoundName(path: string, name: string): boolean {
  return name.startsWith(`${path}.`) && /^\d+$/.test(name.slice(path.length + 1))
}

export interface Reply {
  /** False where the kernel is not as it should be, or the daemon does not know what should be. */
  readonly ok: boolean
  /** One text line for people, or one for each error of the configuration. */
  readonly message: string
  /** True where the request makes no sense, as with an uplink that does not exist. */
  readonly misuse?: boolean
  /** True where the daemon runs, and people should know what `message` says. */
  readonly trouble?: boolean
}

/** The largest text line in bytes, far more than any request or reply has. */
export const maxLine = 64 * 1024

const verbs = [
  'reconcile',
  'apply',
  'down',
  'reload',
  'status',
  ...switchVerbs,
  'measured',
  'follow',
  'history',
  'hook',
] as const

/** A request from a text line; null for anything else. */
export function parseRequest(line: string): Request | null {
  const value = parseObject(line)
  const verb = verbs.find((known) => known === value?.['do'])
  const [reason, uplink, rate] = [value?.['reason'], value?.['uplink'], value?.['bytesPerSecond']]
  const [hook, environment] = [value?.['hook'], value?.['environment']]
  if (!verb) return null
  return {
    do: verb,
    ...(typeof reason === 'string' ? { reason: reason.slice(0, 200) } : {}),
    ...(typeof rate === 'number' && isRate(rate) ? { bytesPerSecond: rate } : {}),
    ...(typeof uplink === 'string' ? { uplink: uplink.slice(0, 200) } : {}),
    ...(typeof hook === 'string' ? { hook: hook.slice(0, 200) } : {}),
    ...(typeof environment === 'object' && environment !== null ? { environment: textsOf(environment) } : {}),
  }
}

/** A reply from a text line; null for anything else. */
export function parseReply(line: string): Reply | null {
  const value = parseObject(line)
  const { ok, message } = { ok: value?.['ok'], message: value?.['message'] }
  if (typeof ok !== 'boolean' || typeof message !== 'string') return null
  const flags = (['misuse', 'trouble'] as const).filter((flag) => value?.[flag] === true)
  return { ok, message, ...Object.fromEntries(flags.map((flag) => [flag, true])) }
}

/** Ten terabits a second at most. */
function isRate(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= 1.25e12
}

function textsOf(value: object): Environment {
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}
