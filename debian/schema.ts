/** `node debian/schema.ts FOLDER` writes there the schemas of all JSON that ifbalance(8) prints, and ifbalance-json(5), made of them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manPage, schemaFiles } from './schema/man-page.ts'

const [, , folder] = process.argv
if (folder === undefined) throw new Error('usage: debian/schema.ts FOLDER')
mkdirSync(folder, { recursive: true })
for (const [name, text] of schemaFiles()) writeFileSync(join(folder, name), text)
writeFileSync(join(folder, 'ifbalance-json.5'), manPage())
