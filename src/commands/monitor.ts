/** `ifbalance monitor`: how the uplinks are, and each change from then on. */
import { events } from '../cli/monitor-events.ts'
import { eventJson, eventText } from '../cli/monitor-text.ts'
import { paint, print } from '../cli/output.ts'
import { openBus } from '../os/dbus/bus.ts'
import { log } from '../os/log.ts'

/** Shows the events until SIGINT, SIGTERM, or until nobody reads what it prints. */
export async function run({ json }: { readonly json: boolean }): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end())
  process.stdout.on('error', () => end())
  const bus = openBus({ onTrouble: log.warning })
  const stop = events(bus, (event) => print(json ? eventJson(event) : eventText(event, paint)))
  await ended
  stop()
  bus.close()
  return 0
}
