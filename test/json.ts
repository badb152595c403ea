/** What ifbalance prints as JSON against its schemas, in which nothing is allowed that they do not name. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { type DocumentName, documents, schemaOf } from '../debian/schema/documents.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true })
const validators = new Map<DocumentName, ValidateFunction>()

/** The value, which is of this document. Throws where it is not, with what is wrong and where. */
export function checked<T>(name: DocumentName, value: T): T {
  const validate = validators.get(name) ?? ajv.compile(schemaOf(name, true))
  validators.set(name, validate)
  if (validate(value)) return value
  const errors = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  )
  const shown = [...new Set(errors)].slice(0, 30).join('\n')
  throw new Error(`not as ${name}.schema.json has it:\n${shown}\n${JSON.stringify(value).slice(0, 4000)}`)
}

/** Checks what a call of ifbalance has printed, where that is JSON. */
export function checkPrinted(args: readonly string[], stdout: string): void {
  const [command = ''] = args
  if (!args.includes('--json') || stdout === '' || !isDocument(command)) return
  checked(command, JSON.parse(stdout))
}

function isDocument(name: string): name is DocumentName {
  return name in documents
}
