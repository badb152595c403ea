/** Which lines of `ip -N route show table all` are routes in our tables, where nobody has moved those. */

/** One line a route, with its nexthops. */
export function ourRoutes(listed: string): readonly string[] {
  return listed
    .replaceAll(/\n\t/g, ' ')
    .split('\n')
    .filter((line) => / table 30\d{3}\b/.test(line))
}
