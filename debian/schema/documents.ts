/** Every JSON that ifbalance prints, and its schema. Pure. */
import { logLine } from './events.ts'
import { explanation } from './explanation.ts'
import { monitorLine } from './monitor.ts'
import { history } from './past.ts'
import type { Json, Schema } from './schema.ts'
import { connections, status } from './status.ts'

export interface Document {
  /** What prints it. */
  readonly call: string
  readonly schema: Schema<unknown>
}

export const documents = {
  status: { call: 'ifbalance status --json', schema: status as Schema<unknown> },
  connections: { call: 'ifbalance connections --json', schema: connections as Schema<unknown> },
  explain: { call: 'ifbalance explain --json', schema: explanation },
  history: { call: 'ifbalance history --json', schema: history },
  monitor: { call: 'ifbalance monitor --json, each line', schema: monitorLine },
  log: { call: 'IFBALANCE_LOG=json, each line on standard error', schema: logLine },
} as const satisfies Readonly<Record<string, Document>>

export type DocumentName = keyof typeof documents

/**
 * The whole schema, JSON Schema 2020-12. Members that it does not name are allowed, as later versions may have more of them;
 * with `isClosed` they are not.
 */
export function schemaOf(name: DocumentName, isClosed = false): Json {
  const { call, schema } = documents[name]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: call,
    ...(isClosed ? closed(schema.json) : schema.json),
  }
}

function closed(json: Json): Json {
  const entries = Object.entries(json).map(([key, value]) => [key, closedValue(value)] as const)
  const isObject = json['type'] === 'object' && 'properties' in json
  return { ...Object.fromEntries(entries), ...(isObject && { additionalProperties: false }) }
}

function closedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedValue)
  return typeof value === 'object' && value !== null ? closed(value as Json) : value
}
