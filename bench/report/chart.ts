import { type Goal, isMet, limitText, type Measured, shareUsed, shown } from '../results.ts'

// One bar for each promise: how much of what it allows was used. The line at 1 is the promise itself.

const [WIDTH, ROW, TOP, LEFT, RIGHT] = [1040, 30, 64, 460, 40]
/** What goes beyond is cut off there; the number beside the bar says how far. */
const SHARE_MAXIMUM = 2
const scale = (WIDTH - LEFT - RIGHT) / SHARE_MAXIMUM

export function chart(all: Measured[]): string {
  const goals = all.flatMap(({ key, goals: own }) => own.map(goal => ({ key, goal })))
  const height = TOP + goals.length * ROW + 24
  const limit = LEFT + scale
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" role="img" aria-labelledby="title">
  <title id="title">How much of each promise is used: ${goals.filter(({ goal }) => isMet(goal)).length} of ${goals.length} hold</title>
  <style>
    .name, .value { fill: #0f172a } .head { fill: #475569 } .holds { fill: #0d9488 } .missed { fill: #e11d48 }
    .spread { stroke: #334155; stroke-width: 1.5px } .limit { stroke: #0f172a; stroke-width: 1.5px; stroke-dasharray: 4 3 }
  </style>
  <rect width="${WIDTH}" height="${height}" fill="#fff"/>
  <text class="head" x="20" y="30">promise</text>
  <text class="head" x="${LEFT}" y="30">0</text>
  <text class="head" x="${limit}" y="30" text-anchor="middle">as promised</text>
  <text class="head" x="${WIDTH - RIGHT}" y="30" text-anchor="end">twice</text>
${goals.map(({ key, goal }, row) => bar(key, goal, TOP + row * ROW)).join('\n')}
  <line class="limit" x1="${limit}" x2="${limit}" y1="40" y2="${height - 16}"/>
</svg>
`
}

function bar(key: string, goal: Goal, y: number): string {
  const place = (value: number) =>
    LEFT + Math.min(shareUsed({ ...goal, finding: { value, least: value, most: value } }), SHARE_MAXIMUM) * scale
  const [least, most] = [place(goal.finding.least), place(goal.finding.most)]
  const end = place(goal.finding.value)
  const spread =
    least === most
      ? ''
      : `\n  <line class="spread" x1="${Math.min(least, most).toFixed(1)}" x2="${Math.max(least, most).toFixed(1)}" y1="${y + 8}" y2="${y + 8}"/>`
  // Beside a bar that is short there is room; in one that is long the words stand on it.
  const inside = end > WIDTH - RIGHT - 200
  const words = `<text x="${(inside ? end - 6 : Math.max(end, most, least) + 8).toFixed(1)}" y="${y + 12}" ${inside ? 'text-anchor="end" fill="#fff"' : 'class="value"'}>${escaped(`${shown(goal.finding)} ${goal.unit}`)}</text>`
  return `  <text class="name" x="20" y="${y + 12}">(${key}) ${escaped(goal.what)} <tspan class="head">${escaped(limitText(goal))}</tspan></text>
  <rect class="${isMet(goal) ? 'holds' : 'missed'}" x="${LEFT}" y="${y}" width="${(end - LEFT).toFixed(1)}" height="17" rx="2"/>${spread}
  ${words}`
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
