/** What an administrator or an ISP does to an interface, in the words of each network stack. */
import { expect } from 'vitest'
import type { Lab } from '../lab/lab.ts'
import { longPatienceMs } from '../lab/patience.ts'

/** ISP 1 gets another gateway, and the client of wan1 learns it by an ordinary renewal of its lease. */
export async function renewWan1(lab: Lab, gateway: number): Promise<void> {
  const { machine, network } = lab
  const [isp] = network.isps
  if (lab.stack === 'networkd') {
    await isp.moveGateway(gateway)
    // Each renewal is one request to the server, which is lost where the machine has not heard yet of its new hardware.
    const route = async () => {
      await machine.exec(['/usr/bin/networkctl', 'renew', 'wan1'])
      return (await machine.exec(['/usr/sbin/ip', '-4', 'route', 'show', 'default', 'dev', 'wan1'])).stdout
    }
    await expect.poll(route, { timeout: longPatienceMs, interval: 1000 }).toContain(`via 10.1.0.${gateway} `)
  } else if (lab.release === 'trixie') {
    await isp.moveGateway(gateway)
    await machine.exec(['/usr/sbin/dhcpcd', '-n', 'wan1'])
  } else {
    // dhclient renews when the time has come and not on demand: give it a lease whose time comes soon.
    await isp.setRenewal(3)
    await machine.exec(['/usr/sbin/ifdown', 'wan1'])
    await machine.exec(['/usr/sbin/ifup', 'wan1'])
    await isp.setRenewal(null)
    await isp.moveGateway(gateway)
  }
}

export async function takeDownWan2(lab: Lab): Promise<void> {
  await lab.machine.exec(
    lab.stack === 'networkd' ? ['/usr/bin/networkctl', 'down', 'wan2'] : ['/usr/sbin/ifdown', 'wan2'],
  )
}

/** Returns when the stack says that wan2 has its lease, which is after the hooks have run under ifupdown. */
export async function takeUpWan2(lab: Lab): Promise<void> {
  if (lab.stack === 'ifupdown') {
    await lab.machine.exec(['/usr/sbin/ifup', 'wan2'])
    return
  }
  await lab.machine.exec(['/usr/bin/networkctl', 'up', 'wan2'])
  await lab.waitOnline(['wan2'])
}
