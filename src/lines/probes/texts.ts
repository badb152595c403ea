/** Answers to probes in words, for people. Pure. */

import type { Answer } from './egress.ts'
import type { Burst } from './probe-all.ts'

export function answerText({ target, rttMs, second, fault }: Answer): string {
  if (rttMs === null && fault !== undefined) return `${target}: ${fault}`
  if (rttMs === null) return `${target} did not answer`
  return `${target} answered${second ? ' a DNS question' : ''} in ${Math.round(rttMs * 10) / 10} ms`
}

export function burstText({ answers, gateway }: Pick<Burst, 'answers' | 'gateway'>): string {
  const texts = answers.map(answerText)
  return [...texts, ...(gateway === null ? [] : [`the gateway ${gateway ? 'answered' : 'did not answer'}`])].join(', ')
}
