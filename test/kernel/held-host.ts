/** A host of daemon-host.ts whose connections of every kind are held open, see held.ts. */
import { type Host, startHost } from './daemon-host.ts'
import { type Holding, prefixConfig, startHolding } from './held.ts'
import { inside, makeProviders, server } from './providers.ts'

/** The caller ends the host, which ends what is held. */
export async function startHeldHost(): Promise<{ readonly host: Host; readonly holding: Holding }> {
  const host = await startHost()
  await makeProviders(host)
  const holding = await startHolding({
    where: { release: 'namespaces', stack: 'static' },
    server,
    addressOf: (i) => ({ inet: `10.${i}.0.2`, inet6: `2001:db8:${i}::2` }),
    run: (place, argv, input = '') => host.run(place === 'host' ? argv : inside(place, argv), {}, { input }),
    start: (place, argv) => host.start(place === 'host' ? argv : inside(place, argv)),
  })
  await host.write('/etc/ifbalance/conf.d/50-prefix.conf', prefixConfig)
  return { host, holding }
}
