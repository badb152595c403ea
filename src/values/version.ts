/** The program's version: set by the build (esbuild's `define`), not read from the installed program's environment. */
export const version = process.env['IFBALANCE_VERSION'] ?? '(from source)'
