/** org.ifbalance1 on a real system bus with Debian's configuration; the daemon as a user of its own, callers as nobody. */
import dbus from 'dbus-next'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { theBus } from '../../src/os/dbus/connection.ts'
import { checked } from '../json.ts'
import { longPatienceMs } from '../lab/patience.ts'
import {
  answers,
  asNobody,
  connectTo,
  names,
  nobody,
  polkitDecides,
  prepareBus,
  type SystemBus,
  startSystemBus,
  startUnprivilegedDaemon,
} from './daemon-bus.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'

const wan1 = '/org/ifbalance1/uplink/1'
const wan2 = '/org/ifbalance1/uplink/2'
const denied = 'Error org.freedesktop.DBus.Error.AccessDenied: '

let host: Host
let daemon: Running
let system: SystemBus
let begun: number

beforeEach(async () => {
  host = await startHost()
  await prepareBus(host)
  system = await startSystemBus(host)
  begun = Date.now()
  daemon = startUnprivilegedDaemon(host)
  await answers(host, names.service, names.root)
})

afterEach(() => host.end())

async function get(path: string, face: string, property: string): Promise<string> {
  const { stdout, stderr } = await asNobody(host, ['busctl', 'get-property', names.service, path, face, property])
  return (stdout + stderr).trim()
}

/** What dbus-send(1) says: the reply's values, or the error. */
async function call(who: 'root' | 'nobody', method: string, ...args: readonly string[]): Promise<string> {
  return callTo(who, names.root, `${names.manager}.${method}`, ...args)
}

async function callTo(who: 'root' | 'nobody', path: string, method: string, ...args: readonly string[]) {
  const argv = ['dbus-send', '--system', '--print-reply=literal', `--dest=${names.service}`, path, method, ...args]
  const { stdout, stderr } = await (who === 'root' ? host.run(argv, {}, { accept: [0, 1] }) : asNobody(host, argv))
  return (stdout + stderr).trim()
}

test('anyone can find and read everything', async () => {
  const tree = await asNobody(host, ['busctl', 'tree', '--list', names.service])
  expect(tree.stdout.trim().split('\n')).toEqual(['/', '/org', names.root, '/org/ifbalance1/uplink', wan1, wan2])
  const { stdout } = await asNobody(host, ['busctl', 'introspect', names.service, wan2, names.uplink])
  const seen = stdout.trim().split('\n').slice(1)
  expect(seen.map((line) => line.split(/\s+/)).map(([name, , type, ...rest]) => [name, type, rest.at(-1)])).toEqual([
    ['.Addresses', 'as', 'emits-change'],
    ['.Drained', 's', 'emits-change'],
    ['.Gateway4', 's', 'emits-change'],
    ['.Gateway6', 's', 'emits-change'],
    ['.Interface', 's', 'emits-change'],
    ['.Line4', 'a{sd}', '-'],
    ['.Line6', 'a{sd}', '-'],
    ['.Metered', 'b', 'emits-change'],
    ['.Metric', 'u', 'emits-change'],
    ['.Name', 's', 'const'],
    ['.Number', 'u', 'const'],
    ['.QuotaUsed', 'd', '-'],
    ['.Reason', 's', '-'],
    ['.RxBytes', 't', '-'],
    ['.RxPackets', 't', '-'],
    ['.Share', 'd', 'emits-change'],
    ['.Since', 't', 'emits-change'],
    ['.Standby', 'b', 'emits-change'],
    ['.State', 's', 'emits-change'],
    ['.StateReason', 's', '-'],
    ['.TxBytes', 't', '-'],
    ['.TxPackets', 't', '-'],
    ['.Weight', 'u', 'emits-change'],
    ['.WeightReason', 's', '-'],
  ])
  const gdbus = ['gdbus', 'introspect', '--system', '-d', names.service, '-o', names.root]
  const { stdout: told } = await asNobody(host, gdbus)
  for (const word of ['Reconcile()', 'SetEnabled(in  s uplink', 'readonly ao Uplinks', 'GetManagedObjects(out'])
    expect(told).toContain(word)
})

test('properties are what the kernel has', async () => {
  expect(await get(wan2, names.uplink, 'Name')).toBe('s "wan2"')
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
  expect(await get(wan2, names.uplink, 'Share')).toBe('d 0.5')
  expect(await get(wan2, names.uplink, 'Gateway4')).toBe('s "10.2.0.1"')
  expect(await get(wan2, names.uplink, 'Addresses')).toBe('as 1 "10.2.0.2"')
  // Nobody looks at its line.
  expect(await get(wan2, names.uplink, 'Line4')).toBe('a{sd} 0')
  expect(await get(names.root, names.manager, 'Uplinks')).toBe(`ao 2 "${wan1}" "${wan2}"`)
  expect(await get(names.root, names.manager, 'Mode')).toBe('s "connection"')
  expect(await get(names.root, names.manager, 'HeldDown')).toBe('b false')
  expect(await get(names.root, names.manager, 'Warnings')).toBe('as 0')
  const since = Number((await get(wan2, names.uplink, 'Since')).slice(2)) / 1000
  expect(since).toBeGreaterThanOrEqual(begun)
  expect(since).toBeLessThanOrEqual(Date.now())
  const sent = async () => Number((await get(wan2, names.uplink, 'TxPackets')).slice(2))
  const before = await sent()
  await host.run(['ping', '-c3', '-i0.01', '-W0.01', '-I', 'wan2', '10.2.0.77'], {}, { accept: [0, 1] })
  expect(await sent()).toBeGreaterThan(before)

  const vpn = 'ip link add tun0 type bridge && ip address add 10.99.0.2/24 dev tun0 && ip link set tun0 up'
  await host.run(['sh', '-c', `${vpn} && ip route add default via 10.99.0.1 dev tun0 metric 1`])
  expect(await call('root', 'Reconcile')).toBe('')
  expect(await get(names.root, names.manager, 'Warnings')).toContain('100 % of new connections go by tun0')
})

test('D3: who is not root is refused where polkit is absent, and nothing changes', async () => {
  const refusal = `${denied}only root may do this: polkit cannot be asked`
  expect(await call('nobody', 'Reconcile')).toBe(refusal)
  expect(await call('nobody', 'SetEnabled', 'string:wan2', 'boolean:false')).toBe(refusal)
  expect(await asNobody(host, ['/usr/sbin/ifbalance', 'disable', 'wan2'])).toMatchObject({
    exitCode: 1,
    stderr: 'ifbalance: disable: only root may do this: polkit cannot be asked\n',
  })
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
})

test('root may: an uplink goes out and comes back', async () => {
  expect(await call('root', 'Reconcile')).toBe('')
  expect(await call('root', 'SetEnabled', 'string:wan2', 'boolean:false')).toBe('')
  expect(await get(wan2, names.uplink, 'State')).toBe('s "disabled"')
  expect(await get(wan1, names.uplink, 'Share')).toBe('d 1')
  expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).not.toContain('wan2')
  expect(await call('root', 'SetEnabled', 'string:wan2', 'boolean:true')).toBe('')
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
})

test('D3, D10: polkit decides for the others, each action by itself; while it hangs, nobody may', async () => {
  const rule = `polkit.addRule(function (action, subject) {
    if (action.id == 'org.ifbalance1.set-enabled' && subject.user == 'nobody') return polkit.Result.YES
  })`
  await host.write('/etc/polkit-1/rules.d/10-test.rules', rule)
  const polkit = host.start(['/usr/lib/polkit-1/polkitd'])
  await polkitDecides(host)
  expect(await call('nobody', 'SetEnabled', 'string:wan2', 'boolean:false')).toBe('')
  expect(await get(wan2, names.uplink, 'State')).toBe('s "disabled"')
  expect(await asNobody(host, ['/usr/sbin/ifbalance', 'enable', 'wan2'])).toMatchObject({
    ...{ exitCode: 0, stdout: 'wan2 is enabled\n', stderr: '' },
  })
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
  expect(await call('nobody', 'SetDrained', 'string:wan2', 'boolean:true')).toBe('')
  expect(await get(wan2, names.uplink, 'Drained')).toBe('s "command"')
  expect(await call('nobody', 'SetDrained', 'string:wan2', 'boolean:false')).toBe('')
  expect(await get(wan2, names.uplink, 'Drained')).toBe('s ""')
  expect(await call('nobody', 'Reconcile')).toMatch(
    /^Error org\.freedesktop\.DBus\.Error\.InteractiveAuthorizationRequired: /,
  )
  polkit.signal('SIGSTOP')
  expect(await call('nobody', 'SetEnabled', 'string:wan2', 'boolean:false')).toContain(denied)
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
})

test('D7, D8: calls that make no sense each get their error, and none becomes a path', async () => {
  const { root, manager, uplink, properties, objects } = names
  const wrong = [
    [root, `${manager}.Format`, [], 'UnknownMethod'],
    [root, `${manager}.constructor`, [], 'UnknownMethod'],
    [root, 'org.example.Nothing.Reconcile', [], 'UnknownInterface'],
    [`${root}/uplink/9`, `${uplink}.Get`, [], 'UnknownObject'],
    ['/etc/passwd', 'org.freedesktop.DBus.Introspectable.Introspect', [], 'UnknownObject'],
    [root, `${manager}.Reconcile`, ['string:now'], 'InvalidArgs'],
    [root, `${manager}.SetEnabled`, ['string:wan2'], 'InvalidArgs'],
    [root, `${manager}.SetEnabled`, ['string:wan2', 'string:no'], 'InvalidArgs'],
    [root, `${manager}.SetEnabled`, ['variant:string:wan2', 'boolean:false'], 'InvalidArgs'],
    [wan2, `${properties}.Get`, [`string:${uplink}`, 'string:Nothing'], 'UnknownProperty'],
    [wan2, `${properties}.Get`, [`string:${uplink}`, 'string:__proto__'], 'UnknownProperty'],
    [wan2, `${properties}.GetAll`, ['string:org.example.Nothing'], 'UnknownInterface'],
    [wan2, `${properties}.Set`, [`string:${uplink}`, 'string:State', 'variant:string:up'], 'PropertyReadOnly'],
    [wan2, `${objects}.GetManagedObjects`, [], 'UnknownInterface'],
  ] as const
  for (const [path, method, args, error] of wrong) {
    const [said] = (await callTo('root', path, method, ...args)).split(': ', 1)
    expect({ method, args, said }).toEqual({ method, args, said: `Error org.freedesktop.DBus.Error.${error}` })
  }
  const hostile = ['../../../etc/x', '..', '', 'wan2/../../x', 'a'.repeat(5000), '$(reboot)', 'wan2\n', 'main', 'wan3']
  for (const name of hostile) {
    const said = await call('root', 'SetEnabled', `string:${name}`, 'boolean:false')
    expect(said).toMatch(/^Error org\.ifbalance1\.Error\.UnknownUplink: there is no uplink "/)
  }
  expect((await host.run(['find', '/run/ifbalance'])).stdout).not.toContain('disabled')
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
})

test('changes of uplinks are told; what is only read is not', async () => {
  const bus = await connectTo(system)
  const told: unknown[] = []
  const { promise: added, resolve } = Promise.withResolvers<string>()
  bus.on('message', ({ path, member, body }: dbus.Message) => {
    const values = body[1] as Record<string, dbus.Variant>
    if (member === 'InterfacesAdded') resolve(String(body[0]))
    if (member === 'PropertiesChanged')
      told.push([path, Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]))])
  })
  const rule = `type='signal',sender='${names.service}'`
  await bus.call(new dbus.Message({ ...theBus, member: 'AddMatch', signature: 's', body: [rule] }))
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  await daemon.balances(['wan1'])
  const third = `ip link add wan3 type veth peer name isp3; ip link set isp3 up; ip addr add 10.3.0.2/24 dev wan3
    ip link set wan3 up; ip route add default via 10.3.0.1 dev wan3 metric 103`
  await host.run(['/bin/sh', '-c', third])
  expect(await added).toBe('/org/ifbalance1/uplink/3')
  bus.disconnect()
  expect(told.slice(0, 2)).toEqual([
    [wan1, { Share: 1 }],
    [wan2, expect.objectContaining({ State: 'down', Since: expect.anything(), Share: 0 })],
  ])
  expect(JSON.stringify(told, (_, value) => String(value))).not.toContain('Bytes')
})

async function restartBus(): Promise<void> {
  system.daemon.signal('SIGKILL')
  await system.daemon.ended
  await host.run(['rm', '-f', '/run/dbus/system_bus_socket'])
  system = await startSystemBus(host)
}

test('D1: the bus restarted: the name, the objects and who may what are back', async () => {
  await restartBus()
  await answers(host, names.service, names.root)
  expect(await get(wan2, names.uplink, 'State')).toBe('s "online"')
  expect(await call('root', 'Reconcile')).toBe('')
  expect(await call('nobody', 'Reconcile')).toContain(denied)
})

test('D1, D4, D5: monitor tells what the daemon says and nobody else, through restarts of daemon and bus', async () => {
  const monitor = host.start([...nobody, '/bin/sh', '-c', 'exec /usr/sbin/ifbalance monitor --json >&2'])
  let seen = await monitor.says(/"Name":"wan2"/)
  const time = expect.any(String)
  expect(monitor.said().map((line) => checked('monitor', JSON.parse(line)))).toEqual([
    { format: 1, time, event: 'daemon', running: true, mode: 'connection', heldDown: false },
    { format: 1, time, event: 'uplink', uplink: expect.objectContaining({ Name: 'wan1', Share: 0.5 }) },
    { format: 1, time, event: 'uplink', uplink: expect.objectContaining({ Name: 'wan2', State: 'online' }) },
  ])

  const stranger = await connectTo(system)
  const lie = (destination?: string) => {
    const body = [names.uplink, { State: new dbus.Variant('s', 'spoofed') }, []]
    const signal = dbus.Message.newSignal(wan2, names.properties, 'PropertiesChanged', 'sa{sv}as', body)
    if (destination) signal.destination = destination
    stranger.send(signal)
  }
  lie()
  const everyone = (await stranger.call(new dbus.Message({ ...theBus, member: 'ListNames' })))?.body[0] as string[]
  const others = everyone.filter((name) => name.startsWith(':'))
  expect(others.length).toBeGreaterThanOrEqual(3)
  for (const name of others) lie(name)
  await stranger.call(new dbus.Message({ ...theBus, member: 'GetId' }))
  stranger.disconnect()

  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  seen = await monitor.says(/"name":"wan2","changes":\{"State":\{"from":"online","to":"down"\}/, seen)
  const wentDown = /"Since":\{"from":\d+,"to":(\d+)\}/.exec(monitor.said().at(-1) ?? '')?.[1]
  const since = async () => {
    const { stdout } = await asNobody(host, ['/usr/sbin/ifbalance', 'status', '--json'])
    return checked('status', JSON.parse(stdout)).uplinks[1]?.since
  }
  expect(await since()).toBe(Number(wentDown) / 1000)
  daemon.signal('SIGTERM')
  await daemon.ended
  seen = await monitor.says(/"event":"daemon","running":false/, seen)
  daemon = startUnprivilegedDaemon(host)
  // Since when is known to the next daemon, too.
  seen = await monitor.says(new RegExp(`"Name":"wan2",.*"State":"down",.*"Since":${wentDown},`), seen)
  expect(await since()).toBe(Number(wentDown) / 1000)

  await restartBus()
  seen = await monitor.says(/"Name":"wan2",.*"State":"down"/, seen)
  await host.run(['ip', 'link', 'set', 'isp2', 'up'])
  await monitor.says(/"to":"online"/, seen)
  for (const line of monitor.said()) if (line.startsWith('{')) checked('monitor', JSON.parse(line))
  expect(monitor.said().join('\n')).not.toContain('spoofed')
  const told = monitor.said().length
  monitor.signal('SIGTERM')
  expect(await monitor.ended).toBe(0)
  expect(monitor.said().slice(told).join('\n')).not.toContain('message bus')
})

test('monitor for people: one line each, and it ends when nobody reads any more', async () => {
  const script = '/usr/sbin/ifbalance monitor | { sed -u 4q >&2; }; echo "ended" >&2'
  const monitor = host.start(['/bin/bash', '-c', script])
  await monitor.says(/wan2 \(wan2\) is online/)
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  await monitor.says(/: /)
  await host.run(['ip', 'link', 'set', 'isp2', 'up'])
  await monitor.says(/^ended$/)
  const clock = '[0-9:]{8}\\.[0-9]{3}'
  const lines = monitor.said()
  expect(lines[0]).toMatch(new RegExp(`^${clock}  the daemon is running, mode connection$`))
  expect(lines[1]).toMatch(new RegExp(`^${clock}  wan1 \\(wan1\\) is online, share 50 %, by 10\\.1\\.0\\.1$`))
  expect(lines[3]).toMatch(new RegExp(`^${clock}  wan1: share 50 % -> 100 %$`))
})

test('enable and disable, by the daemon and without one; names that there are not', async () => {
  expect(await host.ifbalance(['disable', 'wan2'])).toMatchObject({
    ...{ exitCode: 0, stdout: 'wan2 is disabled; balancing over wan1\n' },
  })
  expect(await host.ifbalance(['disable', 'wna1'])).toMatchObject({
    ...{ exitCode: 2, stderr: 'ifbalance: disable: there is no uplink "wna1"; did you mean wan1?\n' },
  })
  expect(await host.ifbalance(['disable', '../state.json'])).toMatchObject({ exitCode: 2 })
  expect(await host.ifbalance(['disable'])).toMatchObject({ exitCode: 2 })
  expect((await host.ifbalance(['status'])).stdout).toMatch(/^wan2 +wan2 +disabled /m)
  daemon.signal('SIGTERM')
  await daemon.ended
  expect(await asNobody(host, ['/usr/sbin/ifbalance', 'enable', 'wan2'])).toMatchObject({
    ...{ exitCode: 1, stderr: 'ifbalance: enable: no daemon is running, and without it only root can do this\n' },
  })
  const enabled = await host.ifbalance(['enable', 'wan2'])
  expect(enabled).toMatchObject({ exitCode: 0, stderr: '' })
  expect(enabled.stdout).toMatch(/^wan2 is online; no daemon is running$/m)
  expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).toContain('wan2')
  expect(await host.ifbalance(['enable', 'wan22'])).toMatchObject({ exitCode: 2 })
})

test('status is for everyone, and ends with 1 while nothing works', async () => {
  const { exitCode, stdout, stderr } = await asNobody(host, ['/usr/sbin/ifbalance', 'status'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/^wan1 +wan1 +online +50 %/m)
  expect(stdout).toContain('2 of 2 uplinks online; the daemon is running.')
  expect(stdout).not.toContain('pending')
  await host.run(['sh', '-c', 'ip link set isp1 down; ip link set isp2 down'])
  const code = async () => (await asNobody(host, ['/usr/sbin/ifbalance', 'status'])).exitCode
  await expect.poll(code, { timeout: longPatienceMs }).toBe(1)
})
