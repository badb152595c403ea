/** A health lab whose host has the devices of one of the examples in docs/examples, and that example as configuration. */
import { readFileSync } from 'node:fs'
import { command, inNamespace, ipBatch, nftIn, programArgv } from '../lab/command.ts'
import type { Ask } from '../lab/programs/ask.ts'
import { type HealthLab, healthLab } from './health-lab.ts'

export function exampleText(name: string): string {
  return readFileSync(new URL(`../../docs/examples/${name}.conf`, import.meta.url), 'utf8')
}

/** `devices` are what the host calls its ends of the first and second provider's line. The daemon is not started. */
export async function exampleLab(name: string, devices: readonly [string, string]): Promise<HealthLab> {
  const lab = await healthLab()
  const { host, internet } = lab.network
  for (const [index, device] of devices.entries()) {
    const i = index + 1
    await ipBatch(host, [
      `link set wan${i} down`,
      `link set wan${i} name ${device}`,
      `link set ${device} up`,
      `route replace default via 10.${i}.0.1 dev ${device} metric 10${i}`,
    ])
  }
  // Whatever the service, it says who asked.
  await nftIn(
    internet,
    `table ip services {
       chain arriving { type nat hook prerouting priority dstnat; tcp dport { 25, 443, 5060 } redirect to :7000; }
     }
    `,
  )
  await lab.configure(exampleText(name))
  return lab
}

/** Clients of the LAN, beside the one at 192.168.77.10. */
export async function addClients(lab: HealthLab, addresses: readonly string[]): Promise<void> {
  await ipBatch(
    lab.network.lan,
    addresses.map((address) => `address add ${address}/24 dev eth0`),
  )
}

/** The public address that each came from, or an error. */
export async function askFromLan(lab: HealthLab, questions: readonly Ask[]): Promise<readonly string[]> {
  const { stdout } = await command(inNamespace(lab.network.lan, programArgv('ask', [JSON.stringify(questions)])))
  return JSON.parse(stdout)
}

export async function askFromHost(lab: HealthLab, questions: readonly Ask[]): Promise<readonly string[]> {
  return JSON.parse(await lab.exec(programArgv('ask', [JSON.stringify(questions)])))
}

/** So many times the same. */
export function times(count: number, question: Ask): readonly Ask[] {
  return Array.from({ length: count }, () => question)
}

export function unique(answers: readonly string[]): readonly string[] {
  return [...new Set(answers)].sort()
}
