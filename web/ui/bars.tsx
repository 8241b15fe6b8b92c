import { BarChart, CartesianGrid, Bar as Column, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { roughly } from './count.ts'

export interface Bar {
  label: string
  /** For the height alone; the exact amount is in `shown`. */
  height: number
  shown: string
}

const HEIGHT_PX = 200

export default function Bars({ bars, unit }: { bars: Bar[]; unit: string }) {
  return (
    <ResponsiveContainer width="100%" height={HEIGHT_PX}>
      <BarChart data={bars} margin={{ top: 8, right: 4, bottom: 0, left: 4 }} accessibilityLayer={false}>
        <CartesianGrid vertical={false} />
        <XAxis dataKey="label" tickLine={false} axisLine={false} minTickGap={28} />
        <YAxis width={38} tickLine={false} axisLine={false} tickFormatter={tick} />
        <Tooltip isAnimationActive={false} content={props => <Tip bar={props.payload?.[0]?.payload} unit={unit} />} />
        <Column dataKey="height" radius={[3, 3, 0, 0]} maxBarSize={26} isAnimationActive={false} />
      </BarChart>
    </ResponsiveContainer>
  )
}

/** As exact as the steps of an axis are: below ten they are fractions. */
const tick = (value: number): string => (value < 10 ? String(Number(value.toPrecision(3))) : roughly(value))

const Tip = ({ bar, unit }: { bar: Bar | undefined; unit: string }) =>
  bar ? (
    <div className="chart-tip tiny num">
      <b>{bar.label}</b> {bar.shown} {unit}
    </div>
  ) : null
