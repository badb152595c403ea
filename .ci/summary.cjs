// Tells, from vitest's JSON reports, each failed test with the first lines of why, and then `N passed, N failed`.
const { readFileSync } = require('node:fs')
const { relative } = require('node:path')

const lines = 12
const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')))
const failed = (result) => result.status === 'failed'

for (const file of reports.flatMap(({ testResults }) => testResults).filter(failed)) {
  const tests = file.assertionResults.filter(failed)
  const told = tests.length > 0 ? tests : [{ fullName: 'the file itself', failureMessages: [file.message] }]
  for (const { fullName, failureMessages } of told) {
    console.log(`FAILED ${relative('.', file.name)} > ${fullName}`)
    console.log(failureMessages.join('\n').split('\n').slice(0, lines).join('\n'))
  }
}
const sum = (key) => reports.reduce((total, report) => total + report[key], 0)
console.log(`${sum('numPassedTests')} passed, ${sum('numFailedTests')} failed`)
