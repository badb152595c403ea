/** Reads one text line from a socket. */
import type { Socket } from 'node:net'
import { Failure } from '../../os/error.ts'
import { maxLine } from './protocol.ts'

/**
 * The first text line that arrives on a socket; null when the socket closes or breaks before that. Throws a Failure for
 * one of more than `maxLine` bytes, and when `timeoutMs` pass first.
 */
export function readLine(socket: Socket, timeoutMs: number): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  const timer = setTimeout(() => reject(new Failure('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs)
  const chunks: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.indexOf('\n')
    const part = end === -1 ? chunk : chunk.subarray(0, end)
    length += part.length
    if (length > maxLine) return reject(new Failure('too-large', `a line of more than ${maxLine} bytes`))
    chunks.push(part)
    if (end !== -1) resolve(Buffer.concat(chunks).toString('utf8'))
  })
  socket.once('close', () => resolve(null))
  return promise.finally(() => {
    clearTimeout(timer)
    socket.removeAllListeners('data')
    socket.pause()
  })
}
