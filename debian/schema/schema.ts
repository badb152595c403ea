/**
 * JSON Schemas that have the types of what they describe: a member that a type has and its schema has not, or the other way
 * round, does not compile. Pure.
 */

export type Json = Readonly<Record<string, unknown>>

/** `of` is never there: it ties the schema to exactly this type, no wider and no narrower one. */
export interface Schema<T> {
  readonly json: Json
  readonly of?: (value: T) => T
}

/** A member of an object, with what it is, in words that end with no full stop. */
export interface Member<T, Optional extends boolean> {
  readonly schema: Schema<T>
  readonly text: string
  readonly isOptional: Optional
}

type Members<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Member<Exclude<T[K], undefined>, true> : Member<T[K], false>
}

export const text: Schema<string> = { json: { type: 'string' } }
export const number: Schema<number> = { json: { type: 'number' } }
export const integer: Schema<number> = { json: { type: 'integer' } }
export const share: Schema<number> = { json: { type: 'number', minimum: 0, maximum: 1 } }
export const flag: Schema<boolean> = { json: { type: 'boolean' } }
export const anything: Schema<unknown> = { json: {} }

export function constant<const T extends string | number | boolean>(value: T): Schema<T> {
  return { json: { const: value } }
}

/** One of the words of a list that its type is made of. */
export function oneOf<T extends string>(words: readonly T[]): Schema<T> {
  return { json: { enum: words } }
}

/** One of the words of a type that no list has. */
export function oneOfAll<T extends string>(words: Readonly<Record<T, true>>): Schema<T> {
  return { json: { enum: Object.keys(words) } }
}

export function nullable<T>({ json }: Schema<T>): Schema<T | null> {
  return { json: { anyOf: [json, { type: 'null' }] } }
}

export function list<T>({ json }: Schema<T>): Schema<readonly T[]> {
  return { json: { type: 'array', items: json } }
}

/** An object with names that nobody knows in advance. */
export function record<T>({ json }: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { json: { type: 'object', additionalProperties: json } }
}

export function has<T>(schema: Schema<T>, text: string): Member<T, false> {
  return { schema, text, isOptional: false }
}

/** A member that may be absent. */
export function may<T>(schema: Schema<T>, text: string): Member<T, true> {
  return { schema, text, isOptional: true }
}

export function object<T>(members: Members<T>): Schema<T> {
  return { json: jsonOf(Object.entries(members) as [string, Member<unknown, boolean>][]) }
}

/** An object whose members are known only when the program runs. */
export function objectOf(
  members: readonly (readonly [string, Member<unknown, boolean>])[],
): Schema<Readonly<Record<string, unknown>>> {
  return { json: jsonOf(members) }
}

function jsonOf(members: readonly (readonly [string, Member<unknown, boolean>])[]): Json {
  const properties = members.map(([name, { schema, text }]) => [name, { description: `${text}.`, ...schema.json }])
  const required = members.flatMap(([name, { isOptional }]) => (isOptional ? [] : [name]))
  return { type: 'object', properties: Object.fromEntries(properties), required }
}

/** One of several, which is of the type of them all. */
export function either<T>(schemas: readonly { readonly json: Json }[]): Schema<T> {
  return { json: { anyOf: schemas.map(({ json }) => json) } }
}
