/** The database of pppd 2.5.2 with two lines of PPPoE, as it was on Debian 13. */
import { expect, test } from 'vitest'
import { parsePppDatabase } from '../../../src/sources/ppp-database.ts'

const live = '\u0007\0\0\0\ufffd\u0019\u0001&'
const free = '\0\0\0\0f\ufffd\ufffd\ufffd'
const text = [
  'TDB file\n\0\0',
  `${live}PPPD_PID=210pppd209A0\0`,
  `${free}pppd209ORIG_UID=0;CALL_FILE=common;PPPD_PID=210;PPPLOGNAME=root;DNS1=192.0.2.1\0`,
  `${live}IFNAME=dsl2pppd211\0`,
  `${free}pppd2110;\0REMOTENUMBER=2A:BB;PPPD_PID=210\0B`,
  `${live}pppd209ORIG_UID=0;CALL_FILE=common;PPPD_PID=210;DEVICE=eth1;IFNAME=ppp0;DNS1=198.51.100.51;__proto__=1;x\0BB`,
  `${live}pppd211CALL_FILE=common;PPPD_PID=213;DEVICE=eth2;IFNAME=dsl2;DNS1=198.51.100.52;DNS2=203.0.113.52\0B`,
].join('')

test('what each pppd told its scripts', () => {
  expect(parsePppDatabase(text, '210')).toEqual({
    ...{ ORIG_UID: '0', CALL_FILE: 'common', PPPD_PID: '210', DEVICE: 'eth1', IFNAME: 'ppp0', DNS1: '198.51.100.51' },
  })
  expect(parsePppDatabase(text, '213')).toMatchObject({ IFNAME: 'dsl2', DNS2: '203.0.113.52' })
  expect(parsePppDatabase(text, '209')).toEqual({})
  expect(parsePppDatabase('', '210')).toEqual({})
})
