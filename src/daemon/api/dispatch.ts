/** A call -> the method that answers it. Pure but for what the methods do. */
import type { Answer, IncomingCall } from '../../os/dbus/bus.ts'
import { refuse } from './answers.ts'
import type { Interface, Method } from './describe.ts'
import { childrenOf, type Objects, standardInterfaces } from './standard.ts'

/**
 * Answers a call from anyone, with anything in it. The signature is compared before the body is read, so only the few
 * types that our methods take are ever parsed.
 */
export function dispatch(objects: Objects, call: IncomingCall): Answer | Promise<Answer> {
  const own = objects.get(call.path)
  if (!own && childrenOf(call.path, objects).length === 0) return refuse('unknownObject', 'there is no such object')
  const interfaces = [...(own ?? []), ...standardInterfaces(call.path, objects)]
  const addressed = interfaces.filter(({ name }) => call.interface === '' || call.interface === name)
  if (addressed.length === 0) return refuse('unknownInterface', 'the object does not have this interface')
  const method = methodOf(addressed, call.member)
  if (!method) return refuse('unknownMethod', 'the interface does not have this method')
  const wanted = method.takes.map(({ type }) => type).join('')
  if (call.signature !== wanted) return refuse('invalidArgs', `the method takes "${wanted}"`)
  return withBody(call, (body) => method.run(body, call))
}

function methodOf(interfaces: readonly Interface[], member: string): Method | undefined {
  return interfaces.map(({ methods }) => methods.get(member)).find((method) => method !== undefined)
}

function withBody(call: IncomingCall, run: (body: readonly unknown[]) => Answer | Promise<Answer>) {
  let body: readonly unknown[]
  try {
    body = call.signature === '' ? [] : call.body()
  } catch {
    return refuse('invalidArgs', 'the arguments cannot be read')
  }
  return run(body)
}
