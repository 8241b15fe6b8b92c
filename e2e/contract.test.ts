import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useStage } from './stage.ts'

const stage = await useStage({ withDemo: true })
const read = (file: string) => readFileSync(path.join(import.meta.dirname, '../web', file), 'utf8')

test('every route that the page calls stands in the OpenAPI document', async () => {
  const document = await (await fetch(`${stage.address}/api/v1/openapi.json`)).json()
  const called = [...read('api/routes.ts').matchAll(/^ {2}'([A-Z]+) (\/\S+)':/gm)].map(([, method = '', template = '']) => ({
    method,
    template,
  }))
  expect(called.length).toBeGreaterThan(50)
  const shapeOf = (template: string) => template.replace(/\{\w+\}/g, '{}')
  const known = new Set(
    Object.entries(document.paths as Record<string, object>).flatMap(([template, operations]) =>
      Object.keys(operations).map(method => `${method.toUpperCase()} ${shapeOf(template)}`),
    ),
  )
  expect(called.map(({ method, template }) => `${method} ${shapeOf(`/api/v1${template}`)}`).filter(route => !known.has(route))).toEqual([])
})

test('every address of the page is answered with the page, never kept longer than it holds', async () => {
  const named = /(getParentRoute: \(\) => admin,\s+)?path: '(\/[^']*)'|adminPage\('(\/[^']*)'/g
  const paths = [...read('router.tsx').matchAll(named)].map(([, below, own, admin]) =>
    admin ? `/admin${admin}` : `${below ? '/admin' : ''}${own}`,
  )
  expect(paths.length).toBeGreaterThan(10)
  for (const address of paths) {
    const answer = await fetch(stage.address + address.replace(/\$\w+/g, crypto.randomUUID()).replace(/(.)\/$/, '$1'))
    expect(answer.status, address).toBe(200)
    expect(answer.headers.get('content-type'), address).toContain('text/html')
    expect(answer.headers.get('cache-control'), address).toBe('no-cache')
  }
})

test('hashed files are kept for a year and come compressed; the policy allows this origin alone', async () => {
  const page = await fetch(`${stage.address}/`)
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|https:/)
  const html = await page.text()
  expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/)
  const [script = ''] = /\/assets\/[^"]+\.js/.exec(html) ?? []
  const answer = await fetch(stage.address + script, { headers: { 'accept-encoding': 'br' } })
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(answer.headers.get('content-encoding')).toBe('br')
})
