import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const repository = path.join(import.meta.dirname, '..')

/** Megabytes below node_modules: of all of it, and of the packages that `npm ci --omit=dev` would bring. */
export function installSize(): { all: number; serving: number } {
  const { packages } = JSON.parse(readFileSync(path.join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>
  }
  const serving = Object.entries(packages).filter(([place, { dev }]) => place !== '' && !dev && existsSync(path.join(repository, place)))
  const isTopmost = (place: string) => !serving.some(([other]) => place.startsWith(`${other}/`))
  const bytes = serving
    .filter(([place]) => isTopmost(place))
    .reduce((total, [place]) => total + bytesBelow(path.join(repository, place)), 0)
  // Starts and tests add to what is compiled.
  const modules = path.join(repository, 'node_modules')
  const all = readdirSync(modules)
    .filter(name => name !== '.cache')
    .reduce((total, name) => total + bytesBelow(path.join(modules, name)), 0)
  return { all: all / 2 ** 20, serving: bytes / 2 ** 20 }
}

/** As the disk counts them, in whole blocks. */
function bytesBelow(place: string): number {
  const stat = lstatSync(place)
  const own = stat.blocks * 512
  return stat.isDirectory() ? readdirSync(place).reduce((total, name) => total + bytesBelow(path.join(place, name)), own) : own
}
