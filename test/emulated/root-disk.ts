/** The emulated machine's root: a Debian with its own kernel, as a disk that is made once and kept. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { command } from '../lab/command.ts'
import { image } from '../lab/image.ts'
import { oneAtATime } from '../lab/once.ts'

const packages = ['linux-image-cloud-amd64', 'dnsmasq-base', 'iptables', 'ipset'] as const

export interface RootDisk {
  /** ext4, read and written through a throwaway layer only. */
  readonly disk: string
  readonly kernel: string
}

export async function rootDisk(progress: (line: string) => void): Promise<RootDisk> {
  const folder = await image('trixie', packages, progress)
  const [kernel] = readdirSync(`${folder}/boot`).filter((name) => name.startsWith('vmlinuz-'))
  if (kernel === undefined) throw new Error(`looking for Debian's kernel: none in ${folder}/boot`)
  const disk = `${folder}.ext4`
  const id = readFileSync(`${folder}.id`, 'utf8')
  const idFile = `${disk}.id`
  const isThere = () => existsSync(disk) && existsSync(idFile) && readFileSync(idFile, 'utf8') === id
  if (!isThere()) {
    await oneAtATime(basename(disk), async () => {
      if (isThere()) return
      const draft = `${disk}.new`
      try {
        await makeDisk(folder, draft, 1024)
        renameSync(draft, disk)
        writeFileSync(idFile, id)
      } finally {
        rmSync(draft, { force: true })
      }
    })
  }
  return { disk, kernel: `${folder}/boot/${kernel}` }
}

/** A folder -> an ext4 file system of so many MB, of which the file takes only what is used. */
export async function makeDisk(folder: string, disk: string, megabytes: number): Promise<void> {
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', folder]
  await command(['/usr/sbin/mke2fs', ...options, disk, `${megabytes}M`])
}
