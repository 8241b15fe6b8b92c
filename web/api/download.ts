import { addressOf, send } from './client.ts'
import { problemOf } from './problem.ts'

/** Saves what a route answers as a file of the reader's. */
export async function download(path: string, query: Record<string, string | undefined>, accept: string, filename: string): Promise<void> {
  const response = await send(addressOf(path, {}, query), { headers: { accept } })
  if (!response.ok) throw await problemOf(response)
  const address = URL.createObjectURL(await response.blob())
  const link = Object.assign(document.createElement('a'), { href: address, download: filename })
  link.click()
  URL.revokeObjectURL(address)
}
