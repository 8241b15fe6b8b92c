// Prints the totals of several runs of one suite, from vitest's JSON reports: `N passed, N failed`. A test counts once, and as failed when any
// run failed it. Fails when a run did, or when none reported.
import { readFileSync } from 'node:fs'

const reports = process.argv
  .slice(2)
  .filter(file => file.endsWith('.json') && !file.includes('*'))
  .map(file => JSON.parse(readFileSync(file, 'utf8')))
const statuses = new Map()
const brokenFiles = new Set()
for (const { testResults } of reports) {
  for (const { name, status, assertionResults } of testResults) {
    if (status === 'failed' && !assertionResults.some(each => each.status === 'failed')) brokenFiles.add(name)
    const namesakes = new Map()
    for (const { fullName, status: result } of assertionResults) {
      namesakes.set(fullName, (namesakes.get(fullName) ?? 0) + 1)
      const test = `${name} ${fullName} ${namesakes.get(fullName)}`
      if (statuses.get(test) !== 'failed' && (result === 'passed' || result === 'failed')) statuses.set(test, result)
    }
  }
}
const count = wanted => [...statuses.values()].filter(status => status === wanted).length
const failed = count('failed') + brokenFiles.size
process.stdout.write(`\n${count('passed')} passed, ${failed} failed\n`)
process.exitCode = reports.length > 0 && failed === 0 && reports.every(({ success }) => success) ? 0 : 1
