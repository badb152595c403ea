/** The newest figure of each kind -> docs/measurements.md: the end of `npm run measurements`, on a machine that does nothing else. */
import { readFileSync, writeFileSync } from 'node:fs'
import { boundOf, isBeyond, type Measurement } from './measurements.ts'

const root = `${import.meta.dirname}/../..`
const lines = readFileSync(`${root}/dist/measurements.jsonl`, 'utf8').trim().split('\n')
const newest = new Map<string, Measurement>()
for (const line of lines) {
  const one: Measurement = JSON.parse(line)
  newest.set([one.name, one.release, one.stack].join(), one)
}

const rows = [...Map.groupBy(newest.values(), ({ name }) => name)].map(([name, same]) => {
  const figure = (one: Measurement) => (isBeyond(one) ? `**${one.value}**` : one.value)
  const figures = same.map((one) => `${figure(one)} (${one.release}, ${one.stack})`).join('<br>')
  const [first] = same as [Measurement]
  return `| ${name} | ${first.unit} | ${boundOf(first)} | ${figures} |`
})

const again: readonly string[] = JSON.parse(readFileSync(`${root}/dist/test-results/second-tries.json`, 'utf8'))

const text = `# Measurements

Made by \`node test/lab/measurements-to-docs.ts\` of the newest run of all tests. \`npm run measurements\` runs them, fails on a
figure beyond its bound, and writes this page; \`npm test\` fails only beyond three times the bound, as it has to be right on a
busy machine and on a slow one, too. Figures beyond their bound are **bold**. The silent blackhole 50 times takes six minutes more, as
\`IFBALANCE_ROUNDS=50 npx vitest run --project kernel test/kernel/health.test.ts -t 'B3 silent blackhole under'\`.
\`npm run test:outages\` has 100 outages of all lines at once, and 32 more with eight lines or of half a minute (18 minutes; 35 beside
other tests), with connections of the host and the LAN in IPv4 and IPv6; on 2026-11-28, beside other tests, no connection was cut, and no
line was degraded afterwards. \`npm run test:staying\` has 100 connections of each kind (4 minutes); on that day none of 2,700 to 6,200 was
lost by each of installing, failback, a reload of weights, \`ifbalance apply\`, a restart, a crash, and flushes of all rules while the servers
were silent, 84 of 6,200 by such a flush under traffic (see CAVEATS in ifbalance(8)); and on 2026-11-27 on Debian 12 and 13 none of 4,500
by installing and upgrading the package
(\`IFBALANCE_FIGURES=strict npx vitest run --project system test/system/upgrade.test.ts -t 'connections of every kind'\`).
Two virtual cores; host, providers and internet are network namespaces of one Linux
${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim().split('-', 1)}; the hosts are Debian 12 and 13, booted in containers. Figures move by some ten per cent from run to run.

| what | unit | bound | measured |
| --- | --- | --- | --- |
${rows.join('\n')}

## Tests that needed a second try

In CI a test on a machine may be repeated once. Each that needed it is a defect to mend; in this run there were
${again.length === 0 ? 'none.' : `these:\n\n${again.map((name) => `- ${name}`).join('\n')}`}
`
writeFileSync(`${root}/docs/measurements.md`, text)
