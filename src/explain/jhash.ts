/** What nft's `jhash` computes: Bob Jenkins' lookup3 as include/linux/jhash.h has it, over a rule's key. Pure. */
import { endianness } from 'node:os'

const initial = 0xdeadbeef

/** The hash, an unsigned number of 32 bits, scaled to 0 .. modulus - 1 as the kernel's reciprocal_scale() does. */
export function scaledHash(bytes: Uint8Array, seed: number, modulus: number): number {
  return Number((BigInt(jhash(bytes, seed)) * BigInt(modulus)) >> 32n)
}

function jhash(bytes: Uint8Array, seed: number): number {
  let a = (initial + bytes.length + seed) >>> 0
  let b = a
  let c = a
  let at = 0
  let left = bytes.length
  while (left > 12) {
    a = (a + word(bytes, at)) >>> 0
    b = (b + word(bytes, at + 4)) >>> 0
    c = (c + word(bytes, at + 8)) >>> 0
    ;[a, b, c] = mixed(a, b, c)
    at += 12
    left -= 12
  }
  if (left === 0) return c
  a = (a + word(bytes, at)) >>> 0
  b = (b + word(bytes, at + 4)) >>> 0
  c = (c + word(bytes, at + 8)) >>> 0
  return finalOf(a, b, c)
}

/** Four bytes as a number in this machine's byte order, as the kernel reads them; 0 for bytes beyond the end. */
function word(bytes: Uint8Array, at: number): number {
  const four = [0, 1, 2, 3].map((offset) => bytes[at + offset] ?? 0)
  const ordered = endianness() === 'LE' ? four.toReversed() : four
  return ordered.reduce((value, byte) => ((value << 8) | byte) >>> 0, 0)
}

function rotated(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0
}

/** __jhash_mix of jhash.h */
function mixed(a0: number, b0: number, c0: number): [number, number, number] {
  let [a, b, c] = [a0, b0, c0]
  a = ((a - c) ^ rotated(c, 4)) >>> 0
  c = (c + b) >>> 0
  b = ((b - a) ^ rotated(a, 6)) >>> 0
  a = (a + c) >>> 0
  c = ((c - b) ^ rotated(b, 8)) >>> 0
  b = (b + a) >>> 0
  a = ((a - c) ^ rotated(c, 16)) >>> 0
  c = (c + b) >>> 0
  b = ((b - a) ^ rotated(a, 19)) >>> 0
  a = (a + c) >>> 0
  c = ((c - b) ^ rotated(b, 4)) >>> 0
  b = (b + a) >>> 0
  return [a, b, c]
}

/** __jhash_final of jhash.h */
function finalOf(a0: number, b0: number, c0: number): number {
  let [a, b, c] = [a0, b0, c0]
  c = ((c ^ b) - rotated(b, 14)) >>> 0
  a = ((a ^ c) - rotated(c, 11)) >>> 0
  b = ((b ^ a) - rotated(a, 25)) >>> 0
  c = ((c ^ b) - rotated(b, 16)) >>> 0
  a = ((a ^ c) - rotated(c, 4)) >>> 0
  b = ((b ^ a) - rotated(a, 14)) >>> 0
  return ((c ^ b) - rotated(b, 24)) >>> 0
}
