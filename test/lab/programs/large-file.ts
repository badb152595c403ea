/** Serves a file of so many bytes to whoever asks for `/file`, and a redirection for all else. Arguments: port, bytes. Prints `ready`. */
import { createServer } from 'node:http'

const [port, bytes] = process.argv.slice(2).map(Number)
const body = Buffer.alloc(bytes ?? 0, 'x')

createServer(({ url }, response) => {
  if (url !== '/file') return void response.writeHead(302, { Location: '/file' }).end()
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length }).end(body)
}).listen(port, '::', () => process.stdout.write('ready\n'))
