/** Measures one load of `npm run weights`, in a process of its own, as a lab's names are its process': CASE WEIGHTING CLIENTS. Prints JSON. */
import { cases } from '../weights-cases.ts'
import { measureWeights } from '../weights-lab.ts'
import { weightings } from '../weights-results.ts'

const [name, shares, clients = '{}'] = process.argv.slice(2)
const one = cases.find((known) => known.name === name)
const weighting = weightings.find((known) => known === shares)
if (!one || !weighting) throw new Error(`no such case: ${name}, ${shares}`)
process.stdout.write(`${JSON.stringify(await measureWeights(one, weighting, JSON.parse(clients)))}\n`)
