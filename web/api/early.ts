declare global {
  interface Window {
    /** By address: what web/public/early.js asked for while this script was still on its way. */
    early?: Map<string, Promise<Response | null>>
  }
}

/** The answer that was asked for ahead, once; `null` where none was, or none came. */
export async function takeEarly(address: string): Promise<Response | null> {
  const answer = window.early?.get(address)
  dropEarly(address)
  return (await answer) ?? null
}

/** What has come, or is on its way, no longer counts. */
export function dropEarly(address: string): void {
  window.early?.delete(address)
}
