/** The inner modules of dbus-next that bus-connection.ts uses; the package's own types know only its front door. */
declare module 'dbus-next/lib/connection.js' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'
  import type { Message } from 'dbus-next/lib/message-type.js'

  interface Connection extends EventEmitter {
    readonly stream: Socket
    message(message: Message): void
  }
  export default function createConnection(options: {
    readonly busAddress: string
    readonly authMethods: readonly string[]
  }): Connection
}

declare module 'dbus-next/lib/message-type.js' {
  interface Fields {
    type?: number
    path?: string
    interface?: string
    member?: string
    errorName?: string
    replySerial?: number | null
    destination?: string
    sender?: string
    signature?: string
    body?: unknown[]
    flags?: number
  }
  export class Message implements Required<Fields> {
    constructor(fields: Fields)
    serial: number | null
    readonly type: number
    readonly path: string
    readonly interface: string
    readonly member: string
    readonly errorName: string
    readonly replySerial: number
    readonly destination: string
    readonly sender: string
    readonly signature: string
    readonly body: unknown[]
    readonly flags: number
  }
}

declare module 'dbus-next/lib/variant.js' {
  export class Variant {
    constructor(signature: string, value: unknown)
    readonly signature: string
    readonly value: unknown
  }
}
