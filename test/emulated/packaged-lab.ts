/** A health lab inside the emulated machine, with the program of the package. */
import { type HealthLab, type HealthLabOptions, healthLab } from '../kernel/health-lab.ts'
import { projectFolder } from './paths.ts'

/** Looking all the time would keep this slow machine from everything else. */
const betweenLooksMs = 200

export async function packagedLab(options: Omit<HealthLabOptions, 'program'> = {}): Promise<HealthLab> {
  const lab = await healthLab({ ...options, program: [`${projectFolder}/deb/usr/sbin/ifbalance`] })
  return {
    ...lab,
    exec: async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, betweenLooksMs))
      return await lab.exec(...args)
    },
  }
}
