/** A global setup of vitest's: the program that tests in namespaces run, made of the sources as they are. */
import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundleSources } from '../../esbuild.bundle.ts'
import { bundle } from '../lab/program.ts'

export default async function setup(): Promise<void> {
  mkdirSync(dirname(bundle), { recursive: true })
  const draft = `${bundle}.${process.pid}`
  await bundleSources(draft)
  renameSync(draft, bundle)
}
