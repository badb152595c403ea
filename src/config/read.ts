/** Reads one configuration file from a disk on which anything may lie in its place. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { Failure } from '../os/error.ts'

const megabyte = 1024 * 1024

/**
 * The text of a file, without its byte order mark. Throws an Error `reading PATH: cause` for what cannot be read, or is
 * no regular file (opened so that a FIFO or a terminal cannot make us wait), has more than `maxMegabytes` MiB, bytes
 * that are not UTF-8, or NUL bytes, or may be written by everyone: it decides what root does.
 */
export function readConfigFile(path: string, maxMegabytes = 1): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      return decode(readRegular(fd, maxMegabytes))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw new Failure('unreadable', `reading ${path}: ${causeOf(error)}`, { cause: error })
  }
}

function readRegular(fd: number, maxMegabytes: number): Buffer {
  const maxBytes = maxMegabytes * megabyte
  const { mode } = fstatSync(fd)
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Failure('unreadable', 'not a regular file')
  if ((mode & 0o002) !== 0) throw new Failure('unreadable', 'everyone may write it: expected chmod o-w')
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  for (;;) {
    const read = readSync(fd, buffer, length, buffer.length - length, null)
    length += read
    if (length > maxBytes) throw new Failure('unreadable', `larger than ${maxMegabytes} MB`)
    if (read === 0) return buffer.subarray(0, length)
  }
}

function decode(bytes: Buffer): string {
  const nul = bytes.indexOf(0)
  if (nul !== -1) throw new Failure('unreadable', `a NUL byte on line ${lineAt(bytes, nul)}: expected text`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Failure('unreadable', `not UTF-8 on line ${lineAt(bytes, firstInvalid(bytes))}`)
  }
}

function lineAt(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).filter((byte) => byte === 0x0a).length + 1
}

/** The position at which decoding first put a replacement character that is not in the bytes themselves. */
function firstInvalid(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'))
  return again.findIndex((byte, index) => byte !== bytes[index])
}

/**
 * An error's message without what it repeats: Node's `EACCES: permission denied, open '/etc/...'` names the path again.
 */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+( '.*')?$/s, '') : String(error)
}
