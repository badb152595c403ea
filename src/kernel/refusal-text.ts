/** What ip(8) and nft(8) print on standard error when the kernel refuses something. LC_ALL=C: see run.ts. */

/** For people: three lines of it at most, as one. */
export function refusalText(stderr: string): string {
  return stderr
    .trim()
    .replace(/^(RTNETLINK answers|Error): /gm, '')
    .split('\n')
    .slice(0, 3)
    .join('; ')
    .slice(0, 300)
}

/** Whether nft says that there is no such table: strerror(ENOENT) is all that tells it from other errors of code 1. */
export function isNoSuchTable(stderr: string): boolean {
  return stderr.includes('No such file or directory')
}
