/** As ip(8) and nft(8) write and list marks. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** As nft lists numbers here: 0 without its prefix. */
export function nftNumber(value: number): string {
  return value === 0 ? '0' : hex(value)
}
