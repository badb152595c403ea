/** One line a test file as it ends, what failed at once and in full, and all results as JSON for summary.ts. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { folder, type Result } from './results.ts'

export default class implements Reporter {
  readonly #began = new Map<string, number>()
  /** With the time of hooks, without that of waiting for a worker. */
  readonly #took = new Map<string, number>()

  onTestModuleStart({ moduleId }: TestModule): void {
    this.#began.set(moduleId, performance.now())
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    process.stdout.write(content)
  }

  onTestCaseResult(test: TestCase): void {
    const { state, tries, why } = resultOf(test)
    if (state === 'failed') process.stdout.write(`✗ ${nameOf(test)}\n${why}\n`)
    else if (tries > 1) process.stdout.write(`! ${nameOf(test)}: needed a second try\n${why}\n`)
  }

  onTestModuleEnd(module: TestModule): void {
    const count = [...module.children.allTests()].length
    const took = performance.now() - (this.#began.get(module.moduleId) ?? performance.now())
    this.#took.set(module.moduleId, took)
    const seconds = (took / 1000).toFixed(1)
    process.stdout.write(`${module.ok() ? '✓' : '✗'} ${module.relativeModuleId}: ${count} tests in ${seconds} s\n`)
    for (const error of errorsOf(module)) process.stdout.write(`${error}\n`)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): void {
    const results = modules.flatMap((module) => [...module.children.allTests()].map(resultOf))
    const files = modules.map((module) => ({
      file: module.relativeModuleId,
      ms: this.#took.get(module.moduleId) ?? 0,
      errors: errorsOf(module),
    }))
    const projects = [...new Set(modules.map(({ project }) => project.name))].sort().join('-')
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      `${folder}/${projects}.json`,
      JSON.stringify({ results, files, errors: unhandled.map(({ message }) => message) }),
    )
  }
}

/** Of hooks, too, whose tests then count as skipped. */
function errorsOf(module: TestModule): readonly string[] {
  return [module, ...module.children.allSuites()].flatMap((one) =>
    one.errors().map(({ message, stack }) => `${message}\n${stackOf(stack)}`),
  )
}

function nameOf({ module, fullName }: TestCase): string {
  return `${module.relativeModuleId} > ${fullName}`
}

function resultOf(test: TestCase): Result {
  const result = test.result()
  const { duration = 0, retryCount = 0 } = test.diagnostic() ?? {}
  const told = (result.errors ?? []).flatMap(({ message, diff, stack }) => [message, diff ?? '', stackOf(stack)])
  const { witness = [] } = test.meta() as { readonly witness?: readonly string[] }
  return {
    file: test.module.relativeModuleId,
    title: test.fullName,
    state: result.state === 'pending' ? 'failed' : result.state,
    ms: duration,
    tries: retryCount + 1,
    why: [...told, ...witness].filter((text) => text !== '').join('\n'),
  }
}

/** The lines that are ours. */
function stackOf(stack = ''): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node_modules'))
    .slice(0, 4)
    .join('\n')
}
