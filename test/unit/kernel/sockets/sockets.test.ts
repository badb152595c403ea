import { expect, test } from 'vitest'
import { peerOf } from '../../../../src/kernel/sockets/sockets.ts'

test.each([
  ['tcp   ESTAB      0      0           10.1.0.2:4711       192.0.2.7:443', ['192.0.2.7']],
  ['udp ESTAB 0 0 [2001:db8:1::2]:53 [2001:db8::7]:33000 ', ['2001:db8::7']],
  ['tcp CLOSE-WAIT 1 0 [::ffff:10.1.0.2]:80 [::ffff:192.0.2.7]:5', ['::ffff:192.0.2.7']],
  ['udp ESTAB 0 0 10.1.0.2%wan1:68 10.1.0.1:67', ['10.1.0.1']],
  ['tcp ESTAB 0 0 10.1.0.2:4711 *:*', []],
  ['Netid State', []],
  ['', []],
])('the peer of %j', (line, expected) => expect(peerOf(line)).toEqual(expected))
