/** Why an uplink has no line that could be judged. Pure. */
import type { Observed } from '../model/observed.ts'
import type { Uplink } from '../model/uplink.ts'

/** The reason for people; null where the uplink has a link, and at least one line. */
export function whyNoLine({ name, interface: device, state, lingers }: Uplink, observed: Observed): string | null {
  const link = observed.links.find((one) => one.name === device)
  switch (state) {
    case 'absent':
      return `there is no interface ${device}`
    case 'disabled':
      if (lingers) return 'by command; what the drain has left stays'
      return observed.disabled.includes(name) ? 'by command' : 'by the configuration'
    case 'down':
      if (!link?.up) return 'the interface is down'
      if (link.carrier) return 'its modem is not connected'
      return link.cut === undefined ? 'no carrier' : `no carrier on ${link.cut}, which it hangs on`
    case 'standby':
      return 'its address is with the peer'
    case 'unconfigured':
      return link?.addresses.length ? 'no gateway is known' : 'no address'
    case 'online':
    case 'suspect':
    case 'degraded':
    case 'offline':
      return null
  }
}
