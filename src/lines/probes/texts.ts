/** Answers in words. Pure. */
import type { Burst } from './probe-all.ts'
import type { Answer } from './way.ts'

export function answerText({ target, rttMs, fault }: Answer): string {
  if (rttMs === null && fault !== undefined) return `${target}: ${fault}`
  return rttMs === null ? `${target} did not answer` : `${target} answered in ${Math.round(rttMs * 10) / 10} ms`
}

export function burstText({ answers, gateway }: Pick<Burst, 'answers' | 'gateway'>): string {
  const texts = answers.map(answerText)
  return [...texts, ...(gateway === null ? [] : [`the gateway ${gateway ? 'answered' : 'did not answer'}`])].join(', ')
}
