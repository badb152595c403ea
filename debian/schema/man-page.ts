/** ifbalance-json(5), made of the schemas. Pure. */
import { documents, schemaOf } from './documents.ts'
import type { Json } from './schema.ts'

/** The page in mdoc(7). */
export function manPage(): string {
  const sections = Object.entries(documents).map(([name, { call, schema }]) => {
    const said = new Set<string>()
    const [first = {}, ...others] = variantsOf(schema.json)
    const isCommon = (member: string) =>
      others.every((other) => JSON.stringify(at(other, member)) === JSON.stringify(at(first, member)))
    const more = others.map((other) => without(other, Object.keys(membersOf(first)).filter(isCommon)))
    return [
      `.Sh ${name.toUpperCase()}`,
      `.Ql ${escaped(call).replaceAll(/([,.])(?=\s|$)/g, ' $1')}`,
      `.Pq Pa ${name}.schema.json`,
      ...[first, ...more].flatMap((variant, index) => [
        ...(index > 0 ? ['.Pp', 'Or:'] : []),
        '.Bl -tag -width Ds -compact',
        ...linesOf(variant, '', said),
        '.El',
      ]),
    ].join('\n')
  })
  return `${head}\n${sections.join('\n')}\n${tail}\n`
}

const head = `.Dd November 27, 2026
.Dt IFBALANCE\\-JSON 5
.Os
.Sh NAME
.Nm ifbalance\\-json
.Nd what ifbalance prints for programs
.Sh DESCRIPTION
What
.Xr ifbalance 8
prints as JSON is an object with a member
.Va format ,
which is 1.
Later versions may add members, and words where there is a list of them; any other change comes with another
.Va format .
Texts for people may be worded otherwise in the next version, and are not to be compared.
.Pp
.Pa /usr/share/ifbalance/schema
has a JSON Schema (draft 2020-12) of each.
Below are their members:
.Ql []
stands for each element of a list,
.Ql {}
for each name in an object,
a question mark is behind a member that may be absent.
Where there are several forms, what all of them have is named once.
Members of
.Va inet
and
.Va inet6
are the same, and so are those of other pairs; they are named once.`

const tail = `.Sh EXAMPLES
The uplinks that work, and their shares of new connections in IPv4:
.Dl # ifbalance status \\-\\-json | jq \\-c '.uplinks[] | select(.state == \\[dq]online\\[dq]) | [.name, .inet.share]'
.Sh SEE ALSO
.Xr ifbalance 8 ,
.Xr org.ifbalance1 5`

/** A document, and each object in a list of alternatives. */
function variantsOf(json: Json): readonly Json[] {
  const alternatives = json['anyOf'] as readonly Json[] | undefined
  return alternatives === undefined ? [json] : alternatives.flatMap(variantsOf)
}

function membersOf(json: Json): Readonly<Record<string, Json>> {
  return (json['properties'] ?? {}) as Readonly<Record<string, Json>>
}

function at(json: Json, member: string): Json | undefined {
  return membersOf(json)[member]
}

function without(json: Json, names: readonly string[]): Json {
  const left = Object.entries(membersOf(json)).filter(([name]) => !names.includes(name))
  return { ...json, properties: Object.fromEntries(left) }
}

/** An item for each member, and for those in it. What is in one that is like an earlier one is not said again. */
function linesOf(json: Json, path: string, said: Set<string>): readonly string[] {
  const required = (json['required'] ?? []) as readonly string[]
  return Object.entries(membersOf(json)).flatMap(([name, { description, ...shape }]) => {
    const own = `${path}${name}${required.includes(name) ? '' : '?'}`
    const words = wordsOf(shape)
    const item = [`.It Va ${escaped(own)}`, escaped(String(description)), ...(words === '' ? [] : [escaped(words)])]
    const text = JSON.stringify(shape)
    const isSaid = said.has(text)
    if (text.includes('"properties"')) said.add(text)
    return isSaid ? item : [...item, ...insideOf(shape, own, said)]
  })
}

function insideOf(json: Json, path: string, said: Set<string>): readonly string[] {
  if (json['type'] === 'array') return insideOf(json['items'] as Json, `${path}[]`, said)
  if (typeof json['additionalProperties'] === 'object')
    return insideOf(json['additionalProperties'] as Json, `${path}{}`, said)
  return variantsOf(json).flatMap((variant) =>
    'properties' in variant
      ? linesOf(variant, `${path}.`, said)
      : variant === json
        ? []
        : insideOf(variant, path, said),
  )
}

/** The words that a member may be. */
function wordsOf(json: Json): string {
  if (typeof json['const'] === 'string') return `It is "${json['const']}".`
  const words = variantsOf(json).flatMap((variant) => (variant['enum'] ?? []) as readonly string[])
  return words.length === 0 ? '' : `One of: ${words.join(', ')}.`
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
}

/** The files of the package: their names and texts. */
export function schemaFiles(): readonly (readonly [name: string, text: string])[] {
  const names = Object.keys(documents) as (keyof typeof documents)[]
  return names.map((name) => [`${name}.schema.json`, `${JSON.stringify(schemaOf(name), null, 2)}\n`])
}
