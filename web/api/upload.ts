import type { FileRead } from '../../contract/files.ts'
import { addressOf } from './client.ts'
import { ApiProblem, networkProblem } from './problem.ts'
import { bearer } from './token.ts'

export type FileOwner = { kind: 'room' | 'session'; id: string }

/** Sends one file. `fetch` cannot tell how far it has come, so this is the one XMLHttpRequest of the page. */
export async function uploadFile(owner: FileOwner, file: File, onProgress: (fraction: number) => void): Promise<FileRead> {
  const token = await bearer()
  const address =
    owner.kind === 'room' ? addressOf('/rooms/{id}/files', { id: owner.id }) : addressOf('/sessions/{id}/files', { id: owner.id })
  const form = new FormData()
  form.append('file', file)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', address)
    request.setRequestHeader('authorization', `Bearer ${token}`)
    request.upload.onprogress = event => onProgress(event.lengthComputable ? event.loaded / event.total : 0)
    request.onerror = () => reject(networkProblem())
    request.onload = () => {
      const body = parsed(request.responseText)
      if (request.status < 300) resolve(body as FileRead)
      else reject(new ApiProblem(request.status, (body as { detail?: string })?.detail ?? 'The file was not taken.', body as object))
    }
    request.send(form)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
