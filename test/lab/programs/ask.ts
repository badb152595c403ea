/**
 * Asks the lab's internet who asks: each question of the list (argument, JSON) by a connection or datagram of its own, all
 * at once. Prints a JSON list: for each the address that was seen, or an error's code, or `TIMEOUT`.
 */
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'

export interface Ask {
  readonly protocol: 'tcp' | 'udp'
  /** The kernel chooses where they are absent. */
  readonly from?: string
  readonly sourcePort?: number
  readonly to: string
  readonly port: number
}

const timeoutMs = 2000

const answers = await Promise.all(
  (JSON.parse(process.argv[2] ?? '[]') as readonly Ask[]).map((one) =>
    (one.protocol === 'udp' ? datagram : stream)(one),
  ),
)
process.stdout.write(JSON.stringify(answers))
process.exit(0)

function datagram({ from, sourcePort, to, port }: Ask): Promise<string> {
  const socket = createSocket(isIPv6(to) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    setTimeout(() => resolve('TIMEOUT'), timeoutMs)
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('message', (data) => resolve(String(data).split(' ')[0] ?? ''))
    socket.bind({ port: sourcePort ?? 0, exclusive: true, ...(from && { address: from }) }, () =>
      socket.send('who', port, to),
    )
  })
}

function stream({ from, sourcePort, to, port }: Ask): Promise<string> {
  const socket = connect({
    ...{ host: to, port },
    ...(from && { localAddress: from }),
    ...(sourcePort && { localPort: sourcePort }),
  })
  let text = ''
  return new Promise((resolve) => {
    setTimeout(() => resolve('TIMEOUT'), timeoutMs)
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('data', (data) => {
      text += data.toString()
    })
    socket.on('end', () => resolve(text.trim()))
  })
}
