import { lazy, Suspense } from 'react'
import type { Bar } from './bars.tsx'

const Bars = lazy(() => import('./bars.tsx'))

export type { Bar }

/** Amounts over time. Whoever cannot see it gets the same figures as a table. */
export function BarChart({ caption, unit, bars }: { caption: string; unit: string; bars: Bar[] }) {
  return (
    <figure className="chart">
      <figcaption className="heard-only">{caption}</figcaption>
      <div aria-hidden>
        <Suspense fallback={<div className="chart-space" />}>
          <Bars bars={bars} unit={unit} />
        </Suspense>
      </div>
      <table className="heard-only">
        <tbody>
          {bars.map(bar => (
            <tr key={bar.label}>
              <th scope="row">{bar.label}</th>
              <td>
                {bar.shown} {unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
