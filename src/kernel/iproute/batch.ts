/** `ip -batch`: steps as its text lines, and what it prints: one JSON array a text line. */

import type { Step } from '../../model/step.ts'
import { Failure } from '../../os/error.ts'
import type { Json } from '../../values/checked.ts'
import { routeIdentity, routeWords } from './route.ts'
import { ruleWords } from './rule.ts'

export type IpStep = Extract<Step, { kind: 'replace-route' | 'delete-route' | 'add-rule' | 'delete-rule' }>

export function isIpStep(step: Step): step is IpStep {
  return ['replace-route', 'delete-route', 'add-rule', 'delete-rule'].includes(step.kind)
}

/** The text line of a batch that does the step. */
export function ipLine(step: IpStep): string {
  switch (step.kind) {
    case 'replace-route':
      return `route replace ${routeWords(step.route)}`
    case 'delete-route':
      return `route del ${routeIdentity(step.route).join(' ')}`
    case 'add-rule':
      return `rule add ${ruleWords(step.rule)}`
    case 'delete-rule':
      return `rule del ${ruleWords(step.rule)}`
  }
}

/** The answers of a batch of listings, one JSON array for each command. Throws where their number is another. */
export function parseBatch(stdout: string, commands: number): readonly (readonly Json[])[] {
  const arrays = stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): readonly Json[] => JSON.parse(line))
  if (arrays.length !== commands)
    throw new Failure('malformed', `reading ip's answer: ${arrays.length} parts instead of ${commands}`)
  return arrays
}
