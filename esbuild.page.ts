/** `node esbuild.page.ts`: src/page and what it imports -> dist/page, the page for Cockpit: static files alone. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const copied = ['index.html', 'manifest.json'] as const

/** Run it in the project's folder. Resolves with the paths of all files that are in it. */
export async function bundlePage(folder: string): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const { metafile } = await build({
    entryPoints: [
      { in: 'src/page/main.ts', out: 'page' },
      { in: 'src/page/page.css', out: 'page' },
    ],
    outdir: folder,
    bundle: true,
    platform: 'browser',
    // Browsers that Cockpit 287 asks for.
    target: ['chrome105', 'firefox121', 'safari15.4'],
    format: 'iife',
    minify: true,
    legalComments: 'none',
    // Fonts are Cockpit's.
    external: ['../../static/*'],
    logLevel: 'warning',
    metafile: true,
  })
  for (const name of copied) copyFileSync(join('src/page', name), join(folder, name))
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
}

if (import.meta.main) {
  process.chdir(import.meta.dirname)
  await bundlePage('dist/page')
}
