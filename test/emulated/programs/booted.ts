/** What programs have in common that run in the emulated machine when systemd has started it. */
import { setTimeout } from 'node:timers/promises'
import { command } from '../../lab/command.ts'
import { projectFolder } from '../paths.ts'
import { sh } from './sh.ts'

export async function untilBooted(): Promise<void> {
  for (const end = performance.now() + 300_000; performance.now() < end; await setTimeout(1000)) {
    const { stdout } = await command(['/usr/bin/systemctl', 'is-system-running'], { accept: [0, 1] })
    if (/running|degraded/.test(stdout)) return
  }
  throw new Error('the machine has not booted')
}

/** The package as dpkg(1) installs it; compressed it would take the emulator minutes. */
export async function installPackage(): Promise<void> {
  await sh(`dpkg-deb -Znone --build ${projectFolder}/deb /run/ifbalance.deb && dpkg -i /run/ifbalance.deb`)
}
