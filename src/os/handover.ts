/**
 * Hands something over to a process that systemd starts for it, outside of the sandbox that this one is in: by a socket with
 * `Accept=yes`. One request, one answer, both texts within a bound.
 */
import { connect, type Socket } from 'node:net'
import { Failure, hasCode } from './error.ts'

const mostBytes = 1024 * 1024

/** The answer; null where there is no such socket. Throws where nobody answers in time. */
export async function handOver(path: string, request: string, answerMs: number): Promise<string | null> {
  const socket = connect(path)
  socket.setTimeout(answerMs, () => socket.destroy(new Failure('timeout', `no answer within ${answerMs} ms`)))
  try {
    await connected(socket)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED')) return null
    throw error
  }
  try {
    socket.end(request)
    return await readAll(socket)
  } finally {
    socket.destroy()
  }
}

/** All that the stream gives until its end, within a bound. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    length += bytes.length
    if (length > mostBytes) throw new Failure('too-large', `more than ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
}
