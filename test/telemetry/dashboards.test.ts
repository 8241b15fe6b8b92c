import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useProgram } from '../program.ts'
import { scrape } from './scraped.ts'

const deploy = path.join(import.meta.dirname, '../../deploy')
const read = (name: string) => readFileSync(path.join(deploy, name), 'utf8')
const program = await useProgram({ METRICS_TOKEN: 'a metrics token of the tests' })
const { names } = await scrape(`${program.address}/metrics`, 'a metrics token of the tests')
const served = new Set(names)
/** Made by Prometheus itself for everything that it scrapes. */
const OF_PROMETHEUS = ['up']

const namesIn = (expression: string) => [...expression.matchAll(/\b(?:pantheon|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name)
const isServed = (name: string) => served.has(name) || served.has(name.replace(/_(bucket|sum|count)$/, ''))

const dashboard = JSON.parse(read('grafana/pantheon.json')) as {
  panels: { id: number; title: string; type: string; targets?: { expr: string }[] }[]
  templating: { list: { query: unknown }[] }
}
const alerts = read('prometheus/alerts.yml')
const expressions = alerts.split(/^ {6}- alert: /m).slice(1)

test('every metric that the dashboard shows is one that the server serves', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  expect(panels.length).toBeGreaterThan(15)
  for (const { title, targets = [] } of panels) {
    const used = targets.flatMap(({ expr }) => namesIn(expr))
    expect(used.length, title).toBeGreaterThan(0)
    expect(
      used.filter(name => !isServed(name)),
      title,
    ).toEqual([])
  }
  expect(namesIn(JSON.stringify(dashboard.templating)).filter(name => !isServed(name))).toEqual([])
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
})

test('every alert is on a metric that the server serves, and says what it is about', () => {
  expect(expressions.length).toBeGreaterThan(10)
  for (const alert of expressions) {
    const used = namesIn(alert.slice(alert.indexOf('expr:'), alert.indexOf('labels:')))
    expect(used.length, alert).toBeGreaterThan(0)
    expect(
      used.filter(name => !isServed(name) && !OF_PROMETHEUS.includes(name)),
      alert,
    ).toEqual([])
    expect(alert).toMatch(/severity: (page|ticket)/)
    expect(alert).toMatch(/summary: \S/)
  }
})

test('every runbook that an alert names is there', () => {
  const named = [...alerts.matchAll(/runbook: (\S+)/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(name => !existsSync(path.join(deploy, '..', name)))).toEqual([])
})

test('every metric of ours is on the dashboard', () => {
  const shown = JSON.stringify(dashboard)
  expect([...served].filter(name => name.startsWith('pantheon_') && !shown.includes(name))).toEqual([])
})
