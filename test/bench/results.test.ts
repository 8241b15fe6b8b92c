import { expect, test } from 'vitest'
import { chart } from '../../bench/report/chart.ts'
import { merged } from '../../bench/report/page.ts'
import { isMet, type Measured, shareUsed } from '../../bench/results.ts'
import { finding, median, pairwise, percentile, ratio } from '../../bench/statistics.ts'

const goal = (limitIs: 'most' | 'least', value: number) => ({ what: 'x', unit: 'ms', limit: 4, limitIs, finding: finding([value]) })

test('a percentile is a value that was found, and the median lies between two', () => {
  const found = [5, 1, 4, 2, 3]
  expect(percentile(found, 0.5)).toBe(3)
  expect(percentile(found, 0.99)).toBe(5)
  expect(percentile(found, 0)).toBe(1)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('ratios are taken round by round', () => {
  expect(pairwise([10, 30, 60], [10, 10, 30], ratio)).toEqual({ value: 2, least: 1, most: 3 })
})

test('a promise holds up to its limit, from above or from below, and says how much of it is used', () => {
  expect([isMet(goal('most', 4)), isMet(goal('most', 4.1)), isMet(goal('least', 4)), isMet(goal('least', 3.9))]).toEqual([
    true,
    false,
    true,
    false,
  ])
  expect([shareUsed(goal('most', 2)), shareUsed(goal('least', 16))]).toEqual([0.5, 0.25])
})

test('what was measured takes the place of what was kept, section by section', () => {
  const section = (key: string, date: string) => ({ key, date }) as Measured
  expect(merged([section('a', 'old'), section('c', 'old')], [section('b', 'new'), section('c', 'new')])).toEqual([
    section('a', 'old'),
    section('b', 'new'),
    section('c', 'new'),
  ])
})

test('the chart names every promise and says in its title how many hold', () => {
  const measured = { key: 'a', goals: [{ ...goal('most', 2), what: 'a & b' }, goal('most', 40)] } as Measured
  const svg = chart([measured])
  expect(svg).toContain('1 of 2 hold')
  expect(svg).toContain('a &amp; b')
})
