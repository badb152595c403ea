import { expect, test } from 'vitest'
import type { Paint } from '../../../src/cli/output.ts'
import { layOut } from '../../../src/cli/table.ts'

const plain: Paint = (_, text) => text

const columns = [
  { title: 'NAME', align: 'left' },
  { title: 'SHARE', align: 'right' },
  { title: 'NOTE', align: 'left' },
] as const

test('columns as wide as their widest cell, numbers to the right, no space at the end', () => {
  const rows = [
    [{ text: 'a-long-name' }, { text: '5 %' }, { text: 'x' }],
    [{ text: 'b' }, { text: '100000 %' }, { text: '' }],
    [{ text: 'c' }],
  ]
  expect(layOut(columns, rows, plain)).toEqual([
    'NAME            SHARE  NOTE',
    'a-long-name       5 %  x',
    'b            100000 %',
    'c',
  ])
})

test('colours take no room', () => {
  const rows = [
    [{ text: 'up', style: 'green' }, { text: '1' }],
    [{ text: 'down', style: 'red' }, { text: '2' }],
  ] as const
  const painted = layOut(columns, rows, (style, text) => `<${style}>${text}</>`)
  expect(painted.map((line) => line.replaceAll(/<[^>]*>/g, ''))).toEqual(layOut(columns, rows, plain))
  expect(painted[1]).toBe('<green>up</>        1')
})
