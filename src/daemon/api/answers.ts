/** Answers to calls over D-Bus: values, or errors by names that every program knows, and two of our own. Pure. */
import type { Answer } from '../../os/dbus/bus.ts'

const errors = {
  accessDenied: 'org.freedesktop.DBus.Error.AccessDenied',
  failed: 'org.freedesktop.DBus.Error.Failed',
  interactiveAuthorizationRequired: 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
  invalidArgs: 'org.freedesktop.DBus.Error.InvalidArgs',
  limitsExceeded: 'org.freedesktop.DBus.Error.LimitsExceeded',
  propertyReadOnly: 'org.freedesktop.DBus.Error.PropertyReadOnly',
  unknownInterface: 'org.freedesktop.DBus.Error.UnknownInterface',
  unknownMethod: 'org.freedesktop.DBus.Error.UnknownMethod',
  unknownObject: 'org.freedesktop.DBus.Error.UnknownObject',
  unknownProperty: 'org.freedesktop.DBus.Error.UnknownProperty',
  unknownUplink: 'org.ifbalance1.Error.UnknownUplink',
} as const

/** An answer with values of this signature. */
export function gives(signature: string, ...body: readonly unknown[]): Answer {
  return { ok: true, signature, body }
}

export function refuse(error: keyof typeof errors, message: string): Answer {
  return { ok: false, error: errors[error], message }
}
