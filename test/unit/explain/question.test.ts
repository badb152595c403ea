/** The words after `ifbalance explain`, from people and from scripts that hand on what others gave them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCall } from '../../../src/cli/command.ts'
import { commands } from '../../../src/commands/list.ts'
import { readQuestion, type Spoken } from '../../../src/explain/question.ts'

const users = (name: string) => (name === 'backup' ? 34 : null)
const read = (...args: readonly string[]) => readQuestion(readCall<Spoken>(commands.explain, args), users)

const plain = {
  ...{ family: 'inet', destination: '192.0.2.1', protocol: 'tcp', port: 0, sourcePort: null, from: null },
  ...{ incoming: null, mark: 0, dscp: 0, user: null, cgroup: null },
}

test.each([
  [['192.0.2.1'], {}],
  [['192.0.2.1:443'], { port: 443 }],
  [['192.0.2.1:53', 'udp'], { port: 53, protocol: 'udp' }],
  [['192.0.2.1', 'icmp'], { protocol: 'icmp', sourcePort: 0 }],
  [['2001:db8::1'], { family: 'inet6', destination: '2001:db8::1' }],
  [['[2001:db8::1]'], { family: 'inet6', destination: '2001:db8::1' }],
  [['[2001:db8::1]:443'], { family: 'inet6', destination: '2001:db8::1', port: 443 }],
  [['--from', '10.0.0.1', '192.0.2.1', '--in', 'lan0'], { from: '10.0.0.1', incoming: 'lan0' }],
  [['192.0.2.1', '--source-port', '65535', '--mark', '0xffffffff'], { sourcePort: 65535, mark: 0xffffffff }],
  [['192.0.2.1', '--dscp', 'EF', '--user', 'backup'], { dscp: 46, user: 34 }],
  [['192.0.2.1', '--dscp', '63', '--user', '0'], { dscp: 63, user: 0 }],
  [['192.0.2.1', '--cgroup', 'system.slice/a@b.service'], { cgroup: 'system.slice/a@b.service' }],
] as const)('%j', (args, differs) => {
  expect(read(...args)).toEqual({ json: false, connection: false, question: { ...plain, ...differs } })
})

test('what is printed, and of what', () => {
  expect(read('192.0.2.1', '--json', '--connection')).toMatchObject({ json: true, connection: true })
})

test.each([
  [[], /expected ifbalance explain DESTINATION/],
  [['192.0.2.1', 'sctp'], /"sctp": expected tcp, udp or icmp/],
  [['192.0.2.1', 'constructor'], /expected tcp, udp or icmp/],
  [['192.0.2.1', 'tcp', 'udp'], /unexpected word "udp"/],
  [['example.org'], /expected an address/],
  [['192.0.2.1:65536'], /expected a port up to 65535/],
  [['192.0.2.1:0x50'], /expected an address/],
  [['2001:db8::1%eth0'], /expected an address/],
  [['[192.0.2.1'], /expected an address/],
  [['[]:1'], /expected an address/],
  [['192.0.2.1/24'], /expected an address/],
  [['192.0.2.1; reboot'], /expected an address/],
  [['--', '-f'], /expected an address/],
  [['-f'], /Unknown option '-f'/],
  [['192.0.2.1', '--from', '2001:db8::1'], /--from .*expected an address like 192\.0\.2\.1/],
  [['192.0.2.1', '--from', 'all'], /--from "all"/],
  [['192.0.2.1', '--in', 'lan0'], /--in lan0: expected --from ADDRESS as well/],
  [['192.0.2.1', '--from', '10.0.0.1', '--in', 'a;b'], /--in "a;b": expected an interface/],
  [['192.0.2.1', '--from', '10.0.0.1', '--in', '-h'], /ambiguous|argument/],
  [['192.0.2.1', '--from', '10.0.0.1', '--in=-h'], /--in "-h": expected an interface/],
  [['192.0.2.1', '--source-port', '65536'], /--source-port "65536": expected a number up to 65535/],
  [['192.0.2.1', '--source-port', '1e3'], /--source-port "1e3"/],
  [['192.0.2.1', '--mark', '0x100000000'], /--mark/],
  [['192.0.2.1', '--dscp', '64'], /--dscp "64": expected a number up to 63/],
  [['192.0.2.1', '--dscp', ''], /--dscp/],
  [['192.0.2.1', '--user', 'nobody-here'], /--user "nobody-here": expected a user of this host/],
  [['192.0.2.1', '--user', '1x'], /--user "1x": expected a number/],
  [['192.0.2.1', '--cgroup', '../../etc'], /--cgroup .*expected a path below/],
  [['192.0.2.1', '--cgroup', 'a" accept'], /--cgroup/],
] as const)('%j is refused', (args, message) => {
  expect(() => read(...args)).toThrow(message)
})

test('no words throw anything but a sentence, and none get past the allow-lists', () => {
  const noise = fc.string({ unit: 'binary', maxLength: 12 })
  const words = fc.constantFrom('192.0.2.1', '[::1]:1', '2001:db8::1', 'lan0', 'tcp', 'a/b', '34', '--json', '--')
  const option = fc.constantFrom('--from', '--in', '--mark', '--user', '--cgroup', '--dscp')
  const pair = fc.tuple(option, fc.oneof(words, noise)).map(([name, value]) => `${name}=${value}`)
  const word = fc.oneof(words, pair, noise)
  let taken = 0
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom('192.0.2.1', '[::1]:1'), noise),
      fc.array(word, { maxLength: 2 }),
      (target, more) => {
        try {
          const { question } = read(target, ...more)
          taken++
          expect(question.destination).toMatch(/^[0-9a-fA-F:.]+$/)
          expect(question.from ?? '::').toMatch(/^[0-9a-fA-F:.]+$/)
          expect(question.incoming ?? 'none').toMatch(/^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,14}$/)
          expect(question.cgroup ?? 'none').toMatch(/^[A-Za-z0-9_.@:\\/-]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
          expect((error as Error).message).not.toMatch(/undefined|is not a function/)
        }
      },
    ),
    { numRuns: 400 },
  )
  expect(taken).toBeGreaterThan(20)
})
