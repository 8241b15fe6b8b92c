import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const repository = path.join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(path.join(repository, file), 'utf8')
const everyMatch = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found!)

const pages = readdirSync(path.join(repository, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md'))
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages.map(name => `docs/${name}`)]

test.for(documents)('%s names and links only files that are there', document => {
  const text = read(document)
  const linked = everyMatch(text, /\]\((?!https?:)([^)#]+)/g).map(target => path.join(path.dirname(document), target))
  const named = everyMatch(text, /`((?:contract|server|web|test|docs|migrations|bin|examples|deploy|e2e|bench|\.ci)\/[\w./-]*)`/g)
  expect([...linked, ...named].filter(file => !existsSync(path.join(repository, file)))).toEqual([])
})

test.for(documents)('%s names only scripts that package.json has', document => {
  const { scripts } = JSON.parse(read('package.json'))
  const named = everyMatch(read(document), /\bnpm (?:run )?(start|test|check|format|\w+:[\w:]+)\b/g)
  expect(named.filter(script => !(script in scripts))).toEqual([])
})

test.for(documents)('%s names every variable as the program does', document => {
  const variables = read('docs/configuration.md')
  const named = everyMatch(read(document), /`([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/g).filter(name => !/^(PANTHEON_(TEST|BENCH)|TBD)_/.test(name))
  expect(named.filter(name => !variables.includes(`\`${name}\``))).toEqual([])
})

test('CI runs the test command of the README', () => {
  expect(read('README.md')).toContain('```bash\nnpm ci && npm test\n```')
  expect(read('.ci/run')).toMatch(/^npm ci && npm test\b/m)
})
