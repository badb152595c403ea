/**
 * Holds a datagram socket with this address, connected to another host, until it is ended: by a signal, or by somebody
 * who closes its socket. Says `open` on standard error, and sends nothing.
 *
 * Arguments: its own address, the other's address.
 */
import { createSocket } from 'node:dgram'

const [from = '', to = ''] = process.argv.slice(2)
const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4')
socket.bind(0, from, () => socket.connect(4444, to, () => process.stderr.write('open\n')))
