import { writeFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  /** Microseconds. */
  dur?: number
  args: { name?: string }
}

export interface Recorded {
  /** What the page's main thread was busy with without a pause, longest first, in ms. */
  tasksMs: number[]
}

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', 'benchmark', 'cc']

/** Records the browser while `action` runs. `PANTHEON_TRACE` names a file that the trace goes to, for chrome://tracing. */
export async function recorded(page: Page, action: () => Promise<void>): Promise<Recorded> {
  const browser = page.context().browser()!
  await browser.startTracing(page, { categories: CATEGORIES })
  await action()
  const trace = await browser.stopTracing()
  if (process.env.PANTHEON_TRACE) writeFileSync(process.env.PANTHEON_TRACE, trace)
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  return { tasksMs: tasksOf(traceEvents, busiestMainThread(traceEvents)) }
}

/** A browser has a main thread for each of its pages, and more. */
function busiestMainThread(events: TraceEvent[]): string {
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(threadOf))
  const counts = Map.groupBy(events.map(threadOf), thread => thread)
  return [...mains].toSorted((one, other) => (counts.get(other)?.length ?? 0) - (counts.get(one)?.length ?? 0))[0] ?? ''
}

const tasksOf = (events: TraceEvent[], thread: string): number[] =>
  events
    .filter(event => event.ph === 'X' && /RunTask$/.test(event.name) && threadOf(event) === thread)
    .map(({ dur = 0 }) => dur / 1000)
    .sort((one, other) => other - one)

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`
