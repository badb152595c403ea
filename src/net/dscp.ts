/** Code points of the DS field (RFC 2474, 2597, 3246, 5865, 8622), by the names that nft(8) has for them. */
export const dscpNumbers: ReadonlyMap<string, number> = new Map([
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((group): [string, number] => [`cs${group}`, group << 3]),
  ...[1, 2, 3, 4].flatMap((group) =>
    [1, 2, 3].map((drop): [string, number] => [`af${group}${drop}`, (group << 3) | (drop << 1)]),
  ),
  ['ef', 46],
  ['va', 44],
  ['lephb', 1],
  ['df', 0],
  ['be', 0],
])
