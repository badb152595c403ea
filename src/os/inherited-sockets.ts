/** Sockets that systemd has opened for us, as sd_listen_fds(3) has them. */

/** The first descriptor behind the standard ones. */
const first = 3

/**
 * The descriptors; empty where none were handed over, or to another process. `environment` is this process's own but in
 * tests.
 */
export function inheritedSockets(
  pid = process.pid,
  { LISTEN_PID, LISTEN_FDS }: NodeJS.ProcessEnv = process.env,
): readonly number[] {
  const count = /^[1-9]\d?$/.test(LISTEN_FDS ?? '') && LISTEN_PID === String(pid) ? Number(LISTEN_FDS) : 0
  return Array.from({ length: count }, (_, index) => first + index)
}
