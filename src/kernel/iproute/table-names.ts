/** Names of routing tables in the format of iproute2's rt_tables (ip-route(8)). Pure. */

/** Names and tables' numbers, in the order of the file. */
export function parseTableNames(text: string): readonly (readonly [name: string, table: number])[] {
  return [...text.matchAll(/^\s*(0x[0-9a-f]{1,8}|\d{1,10})\s+([^\s#]+)/gim)].map(
    ([, number, name = '']) => [name, Number(number)] as const,
  )
}

/** The text of our file for these names. */
export function tableNamesText(names: readonly (readonly [name: string, table: number])[]): string {
  return ['# Written by ifbalance.', ...names.map(([name, table]) => `${table}\t${name}`), ''].join('\n')
}
