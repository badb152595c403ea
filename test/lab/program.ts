/** The program under test in namespaces: the sources in one file, which start in a quarter of the time that they take one by one. */
import { fileURLToPath } from 'node:url'

/** Made by test/room/bundle.ts. */
export const bundle = fileURLToPath(new URL('../../dist/test/ifbalance.cjs', import.meta.url))

/** Its argv, to be followed by a command. */
export const program = [process.execPath, bundle] as const
