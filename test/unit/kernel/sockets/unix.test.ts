import { expect, test } from 'vitest'
import { isBoundName } from '../../../../src/daemon/control/protocol.ts'
import { isListening } from '../../../../src/kernel/sockets/unix.ts'

const path = '/run/ifbalance/control'
const listens = (line: string) =>
  isListening(`Num       RefCount Protocol Flags    Type St Inode Path\n${line}\n`, (name) => isBoundName(path, name))

test('who listens is known by the name that the socket was bound to', () => {
  expect(listens('00000000ee6777a3: 00000002 00000000 00010000 0001 01 42612322 /run/ifbalance/control.712')).toBe(true)
  expect(listens('00000000ee6777a3: 00000003 00000000 00000000 0001 03 42612322 /run/ifbalance/control.712')).toBe(
    false,
  )
  for (const name of ['', ' /run/ifbalance/control', ' /run/ifbalance/control.', ' @/run/ifbalance/control.712', ' /x'])
    expect(listens(`00000000ee6777a3: 00000002 00000000 00010000 0001 01 42612322${name}`), name).toBe(false)
})
