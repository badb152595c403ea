/** Users of this host, as its own passwd(5) has them. Those of a directory service go by number. */
import { readIfThere } from '../os/files.ts'

export function userId(name: string, passwd = '/etc/passwd'): number | null {
  const lines = (readIfThere(passwd) ?? '').split('\n').map((line) => line.split(':'))
  const id = lines.find(([user]) => user === name)?.[2]
  return id !== undefined && /^\d{1,10}$/.test(id) ? Number(id) : null
}
