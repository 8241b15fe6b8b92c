import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { modelRequest, textOfModelChunks } from './bare-proxy.ts'
import { startChild } from './child.ts'
import { cpuSecondsOf } from './meter.ts'
import type { Target } from './target.ts'

/** Somebody else's way to stream a model's answer. */
export type Peer = Target & { end(): Promise<void> }

interface PeerRecipe {
  name: string
  /** Below bench/peers. */
  file: string
  packages: Record<string, string>
}

const recipes: PeerRecipe[] = [
  {
    name: 'AI SDK streamText, Fastify',
    file: 'ai-sdk.mjs',
    packages: { ai: '7.0.173', '@ai-sdk/openai-compatible': '3.0.92', fastify: '5.12.8' },
  },
]

/** Those that install here; their packages lie in a folder of their own, which the next run finds again. */
export async function startPeers(endpointUrl: string): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const recipe of recipes) {
    try {
      peers.push(await startPeer(recipe, endpointUrl))
    } catch (error) {
      console.error(`${recipe.name} does not take part: ${error instanceof Error ? error.message.split('\n')[0] : error}`)
    }
  }
  return peers
}

async function startPeer(recipe: PeerRecipe, endpointUrl: string): Promise<Peer> {
  const child = await startChild(path.join(installed(recipe), recipe.file), [endpointUrl])
  const body = modelRequest()
  return {
    isOurs: false,
    name: recipe.name,
    firstText: '"content":" ',
    prepare: async () => {},
    request: () => ({ url: `${child.url}/v1/chat/completions`, headers: {}, body }),
    textOf: textOfModelChunks,
    cpu: () => ({ own: cpuSecondsOf(child.pid), others: 0 }),
    end: child.end,
  }
}

function installed({ file, packages }: PeerRecipe): string {
  const folder = path.join(tmpdir(), 'pantheon-bench-peers', path.parse(file).name)
  mkdirSync(folder, { recursive: true })
  copyFileSync(path.join(import.meta.dirname, 'peers', file), path.join(folder, file))
  if (existsSync(path.join(folder, 'node_modules'))) return folder
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder, stdio: 'inherit' })
  return folder
}
