/** What a scrape says: the value of every series by its name and labels as they stand, such as `pantheon_turns_total{mode="manual",status="completed"}`. */
export interface Scrape {
  text: string
  value(series: string): number | undefined
  /** The names that are declared, without labels. */
  names: string[]
}

export async function scrape(url: string, token?: string): Promise<Scrape> {
  const answer = await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} })
  if (answer.status !== 200) throw new Error(`the scrape was answered ${answer.status}`)
  const text = await answer.text()
  const values = new Map<string, number>()
  for (const [, series = '', value] of text.matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm)) values.set(series, Number(value))
  return { text, value: series => values.get(series), names: [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name) }
}
