/** Names of routing tables, as rt_tables of iproute2 has them: see ip-route(8). Pure. */

/** Each name with its table's number, as a file has them. */
export function parseTableNames(text: string): readonly (readonly [name: string, table: number])[] {
  return [...text.matchAll(/^\s*(0x[0-9a-f]{1,8}|\d{1,10})\s+([^\s#]+)/gim)].map(
    ([, number, name = '']) => [name, Number(number)] as const,
  )
}

/** What our file says of these. */
export function tableNamesText(names: readonly (readonly [name: string, table: number])[]): string {
  return ['# Written by ifbalance.', ...names.map(([name, table]) => `${table}\t${name}`), ''].join('\n')
}
