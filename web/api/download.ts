import { addressOf, send } from './client.ts'
import { problemOf } from './problem.ts'

/** Saves what a route answers as a file of the reader's. */
export async function download(path: string, query: Record<string, string | undefined>, accept: string, filename: string): Promise<void> {
  const response = await send(addressOf(path, {}, query), { headers: { accept } })
  if (!response.ok) throw await problemOf(response)
  saveAs(await response.blob(), filename)
}

const CSV_PAGE = 200

/** Saves all rows of a list as one CSV, however many pages the route makes of it. */
export async function downloadAllRows(path: string, query: Record<string, string | undefined>, filename: string): Promise<void> {
  const lines: string[] = []
  for (let offset = 0; ; offset += CSV_PAGE) {
    const page = { ...query, limit: String(CSV_PAGE), offset: String(offset) }
    const response = await send(addressOf(path, {}, page), { headers: { accept: 'text/csv' } })
    if (!response.ok) throw await problemOf(response)
    const [head = '', ...rows] = (await response.text()).trimEnd().split(/\r?\n/)
    lines.push(...(offset === 0 ? [head] : []), ...rows)
    if (rows.length < CSV_PAGE) break
  }
  saveAs(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' }), filename)
}

function saveAs(content: Blob, filename: string): void {
  const address = URL.createObjectURL(content)
  const link = Object.assign(document.createElement('a'), { href: address, download: filename })
  link.click()
  URL.revokeObjectURL(address)
}

const NAME_LENGTH_MAXIMUM = 60

/** A name that every file system takes. */
export function fileNameOf(title: string, ending: string): string {
  const plain = title
    .replace(/[^\p{L}\p{N}._ -]+/gu, ' ')
    .trim()
    .slice(0, NAME_LENGTH_MAXIMUM)
    .trim()
  return `${plain || 'session'}.${ending}`
}
