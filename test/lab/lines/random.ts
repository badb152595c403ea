/** Random numbers that are the same in each run: a seed is a world. */

export interface Random {
  /** 0 to 1, 1 excluded. */
  readonly part: () => number
  /** Of the standard normal distribution. */
  readonly normal: () => number
  readonly exponential: (rate: number) => number
}

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state are plenty for minutes of traffic. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b9) | 0
  const part = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    part,
    normal: () => Math.sqrt(-2 * Math.log(1 - part())) * Math.cos(2 * Math.PI * part()),
    exponential: (rate) => -Math.log(1 - part()) / rate,
  }
}
