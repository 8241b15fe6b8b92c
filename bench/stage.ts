import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { joinEmbeddedPostgres } from '../server/store/embedded.ts'
import { startBareProxy } from './bare-proxy.ts'
import { type Endpoint, startEndpoint } from './endpoint.ts'
import { type Peer, startPeers } from './peers.ts'
import { type Product, startProduct } from './product.ts'
import { productTarget } from './product-target.ts'
import { findServers, type Servers } from './servers.ts'
import type { Target } from './target.ts'

/** Everything that takes part in a run; started when a section first asks for it, ended with the run. */
export interface Stage {
  /** A short form of everything, to see whether a change has done something. */
  quick: boolean
  folder: string
  endpoint(): Promise<Endpoint>
  servers(): Promise<Servers | null>
  /** The bare proxy first, then the product in each form that runs here, then the peers. */
  targets(): Promise<Target[]>
  /** The product on its own PostgreSQL, then, where they answer, on the servers of this machine. */
  products(): Promise<NamedProduct[]>
  end(): Promise<void>
}

export interface NamedProduct {
  name: string
  product: Product
  /** Where its database is. */
  database(): Promise<pg.ClientConfig>
}

export const EMBEDDED = 'Pantheon, embedded'
export const ON_SERVERS = 'Pantheon, PostgreSQL and Redis'

export interface StageOptions {
  quick: boolean
  withPeers: boolean
  /** Where CPU profiles of the product go when it ends; null for none. */
  profiles: string | null
}

export function openStage({ quick, withPeers, profiles }: StageOptions): Stage {
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-bench-'))
  const endings: (() => Promise<void>)[] = []
  const ended = <Thing extends { end(): Promise<void> } | null>(thing: Thing): Thing => {
    if (thing) endings.unshift(thing.end)
    return thing
  }
  const nodeOptions = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profiles)}`]
  const endpoint = once(async () => ended(await startEndpoint()))
  const servers = once(async () => ended(await findServers()))
  const products = once(async () => {
    const endpointUrl = (await endpoint()).url
    const found = await servers()
    const dataDir = path.join(folder, 'embedded')
    const embedded = ended(await startProduct({ dataDir, endpointUrl, nodeOptions }))
    const all: NamedProduct[] = [{ name: EMBEDDED, product: embedded, database: async () => (await joinEmbeddedPostgres(dataDir))! }]
    if (found) {
      const product = ended(await startProduct({ ...onServers(folder, endpointUrl, found), nodeOptions }))
      all.push({ name: ON_SERVERS, product, database: async () => ({ connectionString: found.databaseUrl }) })
    }
    return all
  })
  const targets = once(async () => {
    const { url } = await endpoint()
    const proxy = ended(await startBareProxy(url))
    const ours: Target[] = []
    for (const { name, product } of await products()) ours.push(await productTarget(name, product))
    const peers: Peer[] = withPeers ? await startPeers(url) : []
    return [proxy, ...ours, ...peers.map(ended)]
  })
  return {
    quick,
    folder,
    endpoint,
    servers,
    targets,
    products,
    async end() {
      for (const end of endings) await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const onServers = (folder: string, endpointUrl: string, servers: Servers) => ({
  dataDir: path.join(folder, 'servers'),
  endpointUrl,
  environment: { DATABASE_URL: servers.databaseUrl, REDIS_URL: servers.redisUrl },
  helpers: servers.helpers,
})

function once<Thing>(make: () => Promise<Thing>): () => Promise<Thing> {
  let made: Promise<Thing> | null = null
  return () => {
    made ??= make()
    return made
  }
}
