import { readFileSync } from 'node:fs'

// What deploy/Dockerfile says of its last stage.

export interface Image {
  from: string
  /** [stage or null, source, destination] of each COPY. */
  copies: [string | null, string, string][]
  environment: Record<string, string>
  user: string
  volumes: string[]
  entrypoint: string[]
  command: string[]
  healthCheck: string[]
}

const DOCKERFILE = new URL('../../deploy/Dockerfile', import.meta.url)

type Instruction = [name: string, rest: string]

/** Instructions of all stages, continued lines joined. */
export function instructions(): Instruction[] {
  const lines = readFileSync(DOCKERFILE, 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
  return lines
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
      return [name, rest]
    })
}

export function readImage(): Image {
  const all = instructions()
  const last = all.slice(all.findLastIndex(([name]) => name === 'FROM'))
  const of = (name: string) => last.filter(([found]) => found === name).map(([, rest]) => rest)
  const words = (name: string): string[] => JSON.parse(of(name).at(-1) ?? '[]')
  return {
    from: of('FROM')[0]!,
    copies: of('COPY').map(rest => {
      const [, stage = null, source = '', destination = ''] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(rest) ?? []
      return [stage, source, destination]
    }),
    environment: Object.fromEntries(of('ENV').flatMap(rest => rest.split(/\s+/).map(pair => pair.split('=') as [string, string]))),
    user: of('USER').at(-1) ?? '0',
    volumes: words('VOLUME'),
    entrypoint: words('ENTRYPOINT'),
    command: words('CMD'),
    healthCheck: JSON.parse(/ CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]'),
  }
}
