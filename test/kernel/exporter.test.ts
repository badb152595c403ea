/** Debian's Prometheus asks our exporter, which has no rights, for a host with two lines, and alerts when one dies. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitForLine } from '../lab/command.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import { blackhole, type HealthLab, healthLab } from './health-lab.ts'

const target = '127.0.0.1:20998'
const server = '127.0.0.1:9090'
const nobody = ['/usr/bin/setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--inh-caps=-all'] as const

/** How long a state has to last is shown by promtool: here it is enough that it is there. */
const alerts = readFileSync(new URL('../../docs/prometheus/alerts.yml', import.meta.url), 'utf8').replace(
  /^ +for: .*$/gm,
  '',
)

let lab: HealthLab

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  await lab.configure([1, 2].map((i) => `[uplink wan${i}]\nbandwidth = 100M/20M\nquota = 100G\n`).join('\n'))
  await lab.startDaemon()
  // What has been carried is written down once a minute, and at the end.
  await lab.stopDaemon()
  await lab.startDaemon()
  const listening = await lab.start([
    ...['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh'],
    ...['/usr/bin/systemd-socket-activate', '-l', target, ...nobody, '--no-new-privs', ...program, 'exporter'],
  ])
  await waitForLine(listening, (line) => line.startsWith('Listening on'))
  const write = (path: string, text: string) => lab.exec(['/usr/bin/tee', path], text)
  await write('/run/alerts.yml', alerts)
  const settings = {
    global: { scrape_interval: '2s', evaluation_interval: '1s' },
    rule_files: ['/run/alerts.yml'],
    scrape_configs: [{ job_name: 'ifbalance', static_configs: [{ targets: [target] }] }],
  }
  await write('/run/prometheus.json', JSON.stringify(settings))
  const prometheus = await lab.start([
    ...['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', '/usr/bin/prometheus', '--config.file=/run/prometheus.json'],
    ...['--storage.tsdb.path=/run/prometheus', `--web.listen-address=${server}`],
  ])
  await waitForLine(prometheus, (line) => line.includes('Server is ready'), longPatienceMs)
})

afterAll(() => lab.dispose())

/** The labels of what a query finds, and its values. */
async function query(text: string): Promise<readonly (readonly [Record<string, string>, number])[]> {
  const ask = ['/usr/bin/promtool', 'query', 'instant', '--format=json', `http://${server}`, text]
  const found: { metric: Record<string, string>; value: [number, string] }[] = JSON.parse(await lab.exec(ask))
  return found.map(({ metric, value: [, value] }) => [metric, Number(value)])
}

async function valuesBy(label: string, text: string): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries((await query(text)).map(([labels, value]) => [labels[label] ?? '', value]))
}

/** What fires, but for what a busy machine may: a question that was not answered in time. */
async function firing(): Promise<readonly (readonly (string | undefined)[])[]> {
  const found = await query('ALERTS{alertstate="firing", alertname!="IfbalanceMetricsAway"}')
  return found.map(([{ alertname, uplink }]) => [alertname, uplink])
}

const soon = { timeout: longPatienceMs }

test('promtool finds nothing to say of what is written for node-exporter', async () => {
  await lab.ifbalance(['metrics', '--textfile', '/run/ifbalance.prom'])
  const check = '/usr/bin/promtool check metrics </run/ifbalance.prom'
  expect(await lab.exec(['/bin/sh', '-c', `${check} 2>&1; echo $?`])).toBe('0\n')
})

test('Prometheus reads all of it, as a user without rights sees it', async () => {
  for (const [label, text, values] of [
    ['uplink', 'ifbalance_uplink_up', { wan1: 1, wan2: 1 }],
    ['uplink', 'ifbalance_uplink_share_ratio{family="inet6"}', { wan1: 0.5, wan2: 0.5 }],
    ['uplink', 'ifbalance_uplink_line_up{family="inet"}', { wan1: 1, wan2: 1 }],
    ['uplink', 'ifbalance_uplink_receive_bytes_total > bool 0', { wan1: 1, wan2: 1 }],
    ['job', 'up', { ifbalance: 1 }],
    ['job', 'ifbalance_daemon_up', { ifbalance: 1 }],
  ] as const)
    await expect.poll(() => valuesBy(label, text), { ...soon, message: text }).toEqual(values)
  expect(await firing()).toEqual([])
})

test('each query of the dashboard gives data, with what Grafana puts in place of its variables', async () => {
  const text = readFileSync(new URL('../../docs/grafana/ifbalance.json', import.meta.url), 'utf8')
  const { panels, templating }: Dashboard = JSON.parse(text)
  // In parentheses: promtool takes a minus at the beginning for an option.
  const replaced = (expr: string) => `(${expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*')})`
  for (const [title, expr] of panels.flatMap(({ title, targets }) => targets.map((one) => [title, one.expr] as const)))
    await expect
      .poll(async () => (await query(replaced(expr))).length, { ...soon, message: `${title}: ${expr}` })
      .toBeGreaterThan(0)
  // Variables are made of labels.
  for (const { name, query: asked } of templating.list.filter(({ type }) => type === 'query')) {
    const [, of = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(String(asked.query)) ?? []
    expect(Object.keys(await valuesBy(label, replaced(of))), name).toContain(name === 'uplink' ? 'wan1' : target)
  }
})

/** What is read of it. */
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: {
    readonly list: readonly {
      readonly name: string
      readonly type: string
      readonly query: { readonly query: string }
    }[]
  }
}

test('a line that dies is an alert', async () => {
  await blackhole(lab.network, 1)
  await expect.poll(firing, soon).toContainEqual(['UplinkDown', 'wan1'])
  const shares = () => valuesBy('uplink', 'ifbalance_uplink_share_ratio{family="inet"}')
  await expect.poll(shares, soon).toEqual({ wan1: 0, wan2: 1 })
})

test('so is a daemon that was killed', async () => {
  await lab.stopDaemon('SIGKILL')
  await expect.poll(firing, soon).toContainEqual(['IfbalanceNotRunning', undefined])
})
