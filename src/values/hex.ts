/** Numbers as ip(8) and nft(8) write and list marks. Pure. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** A number as nft lists it in rules: 0 has no prefix there. */
export function nftNumber(value: number): string {
  return value === 0 ? '0' : hex(value)
}
