/** src/main.ts and everything it imports -> one file of JavaScript, for the executable and for tests. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { build, type Plugin } from 'esbuild'

type Sources = Readonly<Record<string, string>>

/**
 * CommonJS, which is what a single executable runs. esbuild turns a lazy `import()` into a module of the bundle that is
 * evaluated when it is reached, so a hook never pays for the daemon's D-Bus. Run it in the project's folder. Resolves with
 * the paths of all files that are in it. `instead`: of these files, by path, other text.
 */
export async function bundleSources(outfile: string, instead: Sources = {}): Promise<readonly string[]> {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  const { metafile } = await build({
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    // Parts of dbus-next that only session buses, abstract sockets and `unixexec:` need. It catches their absence.
    external: ['x11', 'usocket', 'event-stream'],
    define: { 'process.env.IFBALANCE_VERSION': JSON.stringify(version) },
    logLevel: 'warning',
    metafile: true,
    plugins: [replacing(instead)],
  })
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
}

function replacing(instead: Sources): Plugin {
  return {
    name: 'replacing',
    setup: ({ onLoad }) => {
      if (Object.keys(instead).length === 0) return
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = instead[relative('.', path)]
        return contents === undefined ? null : { contents, loader: 'ts' }
      })
    },
  }
}
