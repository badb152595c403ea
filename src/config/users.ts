/** A user's number from this host's own passwd(5), or null. A directory service's users go by number. */
import { readIfThere } from '../os/files.ts'

export function userId(name: string, passwd = '/etc/passwd'): number | null {
  const lines = (readIfThere(passwd) ?? '').split('\n').map((line) => line.split(':'))
  const id = lines.find(([user]) => user === name)?.[2]
  return id !== undefined && /^\d{1,10}$/.test(id) ? Number(id) : null
}
