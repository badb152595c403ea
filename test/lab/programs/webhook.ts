/** A web server that takes what is posted to it. Argument: the port. Prints `ready`, then each body on one line. */
import { createServer } from 'node:http'

createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  process.stdout.write(`${request.method} ${request.url} ${body.replaceAll('\n', ' ')}\n`)
  response.writeHead(204).end()
}).listen(Number(process.argv[2]), '::', () => process.stdout.write('ready\n'))
