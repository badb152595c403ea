/** What ip(8) and nft(8) print when the kernel refuses something, in English (LC_ALL=C, os/run.ts). Pure. */

/** The refusal for people: three of its text lines at most, joined to one. */
export function refusalText(stderr: string): string {
  return stderr
    .trim()
    .replace(/^(RTNETLINK answers|Error): /gm, '')
    .split('\n')
    .slice(0, 3)
    .join('; ')
    .slice(0, 300)
}

/** Whether nft says that there is no such table. Only strerror(ENOENT) tells that from other errors of exit code 1. */
export function isNoSuchTable(stderr: string): boolean {
  return stderr.includes('No such file or directory')
}
