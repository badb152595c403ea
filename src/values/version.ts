/** Set by the build (esbuild's `define`), never read from the environment of the installed program. */
export const version = process.env['IFBALANCE_VERSION'] ?? '(from source)'
