/** A web server that answers everything in one way. Arguments, one JSON object: { port, status, body }. Prints `ready`. */
import { createServer } from 'node:http'

const { port, status, body }: { port: number; status: number; body: string } = JSON.parse(process.argv[2] ?? '{}')

createServer((_, response) => {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(body)
}).listen(port, '::', () => process.stdout.write('ready\n'))
