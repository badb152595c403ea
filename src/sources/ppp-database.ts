/**
 * pppd's database of its lines, which tells what their scripts were told (update_db_entry() of pppd/main.c). It is a
 * trivial database: records of a header that ends with a magic number, key and value, with free ones in between. Pure.
 */
import type { Environment } from './hook-event.ts'

/** TDB_MAGIC of pppd/tdb.h in the file's order of octets, without the first, which is none of UTF-8. Free records have another. */
const magic = '\u0019\u0001&'

/** What the pppd of this process id tells its scripts; nothing where the database has nothing of it. */
export function parsePppDatabase(text: string, pid: string): Environment {
  const records = text.split(magic).slice(1)
  const environments = records.flatMap((record) => {
    const [, value] = /^pppd\d+([^\0]+)\0/.exec(record) ?? []
    return value === undefined ? [] : [Object.fromEntries(value.split(';').flatMap(variable))]
  })
  return environments.find((env) => env['PPPD_PID'] === pid) ?? {}
}

function variable(text: string): readonly (readonly [name: string, value: string])[] {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
  return name === undefined || value === undefined ? [] : [[name, value]]
}
