/**
 * Whether resolvers answer questions by a line on which echo requests are not answered: providers limit those, or drop
 * them all. The question is for the root's SOA record, which every public resolver has at hand. A modem without a line
 * does not, nor does a portal that answers every name with its own address.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Family } from '../../net/family.ts'
import type { Egress } from './egress.ts'
import { timeoutAfterReading } from './timeout-after-reading.ts'

/**
 * Addresses that nobody has (RFC 5737, RFC 6666). Whoever answers for them stands in between, as a redirection of port
 * 53 on this host or in the modem does, and says nothing of the line.
 */
const nobody: Readonly<Record<Family, string>> = { inet: '192.0.2.1', inet6: '100::1' }

const port = 53
/** When TCP is tried, where UDP was not answered: some providers let only their own resolvers be asked by UDP. */
const tcpAfterMs = 50
/** How long an answer from nobody's address is waited for: this at least, and as long as the real answer took. */
const leastDoubtMs = 20

export interface Opinion {
  readonly rttMs: number
  /** Whether it came by UDP: that is a single packet each way, and says something of losses. */
  readonly datagram: boolean
  /** Whether it answers what was asked first. */
  readonly first: boolean
}

export interface OpinionOptions {
  /** When every server is asked a second time, in ms; 0: only once. */
  readonly againMs: number
  /** How long the last answer may take, in ms. */
  readonly timeoutMs: number
}

/**
 * Asks all servers at once. Calls `onEnd` when all have answered, or the time is over, with what they said; with
 * nothing where somebody stands in between. `way.source` must not be null. Returns what stops it, without a call of
 * `onEnd`.
 */
export function askServers(
  egress: Egress,
  servers: readonly string[],
  { againMs, timeoutMs }: OpinionOptions,
  onEnd: (opinions: ReadonlyMap<string, Opinion>) => void,
): () => void {
  const opinions = new Map<string, Opinion>()
  const decoy = nobody[egress.family]
  const stops: (() => void)[] = []
  let isOver = false
  const stop = () => {
    isOver = true
    for (const one of stops.splice(0)) one()
  }
  const end = () => {
    if (isOver) return
    stop()
    onEnd(opinions.has(decoy) ? new Map() : opinions)
  }
  const heard = (server: string, opinion: Opinion) => {
    if (isOver || opinions.has(server)) return
    opinions.set(server, opinion)
    if (opinions.has(decoy)) end()
    else if (servers.every((one) => opinions.has(one)))
      stops.push(timeoutAfterReading(Math.max(leastDoubtMs, opinion.rttMs), end))
  }
  for (const server of [...servers, decoy])
    stops.push(askServer(egress, server, againMs, (opinion) => heard(server, opinion)))
  // The time runs from when the last question left, however late that was.
  stops.push(timeoutAfterReading(againMs, () => stops.push(timeoutAfterReading(timeoutMs, end))))
  return stop
}

function askServer(egress: Egress, server: string, againMs: number, onAnswer: (opinion: Opinion) => void): () => void {
  const begun = performance.now()
  // Two ids, so that the one that is answered tells when the line worked.
  const ids = [randomInt(0x8000), 0x8000 + randomInt(0x8000)] as const
  const answered = (datagram: boolean, first: boolean) =>
    onAnswer({ rttMs: performance.now() - begun, datagram, first })
  const stopUdp = askByUdp(egress, server, ids, againMs, (first) => answered(true, first))
  let stopTcp = () => {}
  const timer = setTimeout(() => {
    stopTcp = askByTcp(egress, server, ids[0], () => answered(false, true))
  }, tcpAfterMs)
  return () => {
    clearTimeout(timer)
    stopUdp()
    stopTcp()
  }
}

function askByUdp(
  { family, source }: Egress,
  server: string,
  [id, secondId]: readonly [number, number],
  againMs: number,
  onAnswer: (first: boolean) => void,
) {
  const socket = createSocket({ type: family === 'inet' ? 'udp4' : 'udp6' })
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const close = () => {
    clearTimeout(timer)
    if (!isClosed) socket.close()
    isClosed = true
  }
  const ask = (one: number) => isClosed || socket.send(question(one), ignore)
  socket.on('error', ignore)
  // The socket is connected below, so the kernel hands on only what comes from the server.
  socket.on('message', (message) => {
    if (isAnswer(message, id)) onAnswer(true)
    if (isAnswer(message, secondId)) onAnswer(false)
  })
  socket.bind({ port: 0, ...(source === null ? {} : { address: source }) }, () => {
    if (isClosed) return
    socket.connect(port, server, (error?: Error) => {
      if (error || isClosed) return
      ask(id)
      if (againMs > 0) timer = setTimeout(ask, againMs, secondId)
    })
  })
  return close
}

function askByTcp({ source }: Egress, server: string, id: number, onAnswer: () => void): () => void {
  const socket = connect({ host: server, port, ...(source === null ? {} : { localAddress: source }) })
  let heard = Buffer.alloc(0)
  const asked = question(id)
  socket.on('error', ignore)
  socket.once('connect', () => socket.write(Buffer.concat([Buffer.from([0, asked.length]), asked])))
  socket.on('data', (data) => {
    heard = Buffer.concat([heard, data.subarray(0, mostBytes)])
    // Over TCP, two bytes of length come first (RFC 1035, 4.2.2).
    if (isAnswer(heard.subarray(2), id)) onAnswer()
    if (heard.length >= headerBytes + 2) socket.destroy()
  })
  return () => socket.destroy()
}

function ignore(): void {}

const headerBytes = 12
const mostBytes = 512
const soa = 6

/** A question for the SOA record of the root, whose name is one empty label. */
function question(id: number): Buffer {
  return Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, soa, 0, 1])
}

/** Whether the message answers us, without an error, and with a record in it. */
function isAnswer(message: Buffer, id: number): boolean {
  if (message.length < headerBytes || message.readUInt16BE(0) !== id) return false
  const flags = message.readUInt16BE(2)
  return (flags & 0x8000) !== 0 && (flags & 0x000f) === 0 && message.readUInt16BE(6) > 0
}
