/** Which bits of marks others' rules write, by nft's JSON and by iptables-save's text. */
import { describe, expect, test } from 'vitest'
import { parseMarks, parseSavedMarks } from '../../../../src/kernel/foreign-nat/marks.ts'

const mark = { meta: { key: 'mark' } }
const ctMark = { ct: { key: 'mark' } }
const chain = (name: string, hook?: string) => ({ chain: { family: 'ip', table: 't', name, ...(hook && { hook }) } })
const rule = (of: string, ...expr: readonly unknown[]) => ({ rule: { family: 'ip', table: 't', chain: of, expr } })
const set = (value: unknown, key: unknown = mark) => ({ mangle: { key, value } })
const listing = (...items: readonly object[]) => parseMarks(items as [], () => false)
const read = (...items: readonly object[]) => listing(...items).marks

describe('a value in prerouting', () => {
  const all = 0xffffffff
  test.each([
    ['a number', 0x100, 0x100, all & ~0x100],
    ['kube-proxy’s bit', { '|': [mark, 0x4000] }, 0x4000, 0],
    ['mwan3’s bits', { '|': [{ '&': [mark, 0xffffc0ff] }, 0x100] }, 0x100, 0x3e00],
    ['the same by xor', { '^': [{ '&': [mark, 0xffffc0ff] }, 0x100] }, 0x100, 0x3e00],
    ['the whole mark of the connection', ctMark, 0, 0],
    ['a part of it', { '&': [ctMark, 0xff] }, 0, 0xffffff00],
    ['something else', { numgen: { mode: 'inc', mod: 2, offset: 0 } }, 0, all],
  ])('%s', (_, value, sets, clears) => {
    const where = 'nft ip t pre'
    expect(read(chain('pre', 'prerouting'), rule('pre', set(value)))).toEqual([
      { where, of: 'packet', sets, clears: clears >>> 0 },
    ])
  })
})

test('chains count by the hooks that lead to them', () => {
  const jump = { jump: { target: 'deep' } }
  const vmap = { vmap: { key: mark, data: { set: [[1, { goto: { target: 'deeper' } }]] } } }
  const items = [
    rule('mid', jump),
    rule('deep', vmap),
    rule('deeper', set(1)),
    chain('mid'),
    chain('deep'),
    chain('deeper'),
  ]
  expect(read(chain('out', 'postrouting'), rule('out', { jump: { target: 'mid' } }), ...items)).toEqual([])
  expect(read(chain('out', 'output'), rule('out', { jump: { target: 'mid' } }), ...items)).toMatchObject([
    { where: 'nft ip t deeper', sets: 1 },
  ])
})

test("a connection's mark counts wherever it is written", () => {
  expect(read(chain('out', 'postrouting'), rule('out', set(mark, ctMark)), rule('out', set(1)))).toEqual([
    { where: 'nft ip t out', of: 'connection', sets: 0, clears: 0 },
  ])
  const text = '-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff'
  expect(parseSavedMarks(text, 'inet', 'iptables-nft')).toEqual([
    { where: 'iptables-nft mangle POSTROUTING', of: 'connection', sets: 0, clears: 0 },
  ])
  const xt = rule('out', { xt: { type: 'target', name: 'CONNMARK' } })
  expect(listing(chain('out', 'postrouting'), xt).opaque).toBe(true)
})

test('iptables-save', () => {
  const text = `*mangle
-A PREROUTING -j MARK --set-xmark 0x100/0x3f00
-A PREROUTING -i eth0 -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A OUTPUT -m mark --mark 0x5 -j MARK --set-xmark 0x1000000/0xffffffff
-A FORWARD -j MARK --set-xmark 0x2000000/0xffffffff
-A mwan3 -j CONNMARK --set-xmark 0x3000000/0xff000000
-A QOS -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xff
COMMIT
`
  expect(parseSavedMarks(text, 'inet', 'iptables-nft')).toEqual([
    { where: 'iptables-nft mangle PREROUTING', of: 'packet', sets: 0x100, clears: 0x3e00 },
    { where: 'iptables-nft mangle OUTPUT', of: 'packet', sets: 0x1000000, clears: 0xfeffffff },
    { where: 'iptables-nft mangle mwan3', of: 'connection', sets: 0x3000000, clears: 0xfc000000 },
    { where: 'iptables-nft mangle QOS', of: 'packet', sets: 0, clears: 0xffffff00 },
  ])
})
