/** The inner modules of dbus-next that wire.ts uses; the package's own types describe only its front door. */
declare module 'dbus-next/lib/dbus-buffer.js' {
  export default class DBusBuffer {
    constructor(buffer: Buffer, startPosition: number, endian: number)
    read(signature: string): unknown[]
  }
}

declare module 'dbus-next/lib/message.js' {
  export function marshall(message: object): [Buffer, unknown[]]
}

declare module 'dbus-next/lib/signature.js' {
  export interface Tree {
    readonly type: string
    readonly child: readonly Tree[]
  }
  export function parseSignature(signature: string): Tree[]
}
