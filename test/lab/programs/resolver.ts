/**
 * A public resolver, as far as probes ask it: answers each question with one record, over UDP and TCP on port 53 of the
 * addresses in its arguments. Prints `ready`.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6 } from 'node:net'

function answerTo(question: Buffer): Buffer {
  const answer = Buffer.from(question)
  answer.writeUInt16BE(0x8180, 2)
  answer.writeUInt16BE(1, 6)
  // The name is that at byte 12; whatever type, a minute, four bytes.
  return Buffer.concat([
    answer,
    Buffer.from([0xc0, 12]),
    question.subarray(-4),
    Buffer.from([0, 0, 0, 60, 0, 4, 0, 0, 0, 0]),
  ])
}

for (const address of process.argv.slice(2)) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('message', (question, { port, address: peer }) => socket.send(answerTo(question), port, peer))
  socket.bind(53, address)
  const server = createServer((client) => {
    client.on('error', () => undefined)
    client.on('data', (data) => {
      const answer = answerTo(data.subarray(2))
      client.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 0xff]), answer]))
    })
  })
  server.listen(53, address)
  await Promise.all([once(socket, 'listening'), once(server, 'listening')])
}
process.stdout.write('ready\n')
