import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { type Image, readImage } from './image.ts'

const REPOSITORY = path.join(import.meta.dirname, '../..')

/** What `docker run` would give a process of the image, as far as a folder can be one. */
export interface ImageRoot {
  image: Image
  /** Where WORKDIR lies. */
  app: string
  /** Whose the declared volumes are; nothing else can be written to. */
  volumes: Record<string, string>
  run(command: string[], environment: Record<string, string>): RunningCommand
}

export interface RunningCommand {
  output(): string
  end(signal: NodeJS.Signals): void
  exitCode: Promise<number | null>
}

/** Lays out the last stage of the image: read-only, with the dependencies of production alone, for a user who owns nothing but the volumes. */
export function layOutImage(): ImageRoot {
  const image = readImage()
  const root = mkdtempSync(path.join(tmpdir(), 'pantheon-image-'))
  onTestFinished(() => {
    execFileSync('chmod', ['-R', 'u+w', root])
    rmSync(root, { recursive: true, force: true })
  })
  chmodSync(root, 0o755)
  const app = path.join(root, 'app')
  mkdirSync(app)
  for (const [stage, source, destination] of image.copies) {
    const to = path.join(app, destination)
    if (stage === 'dependencies') copyDependencies(to)
    else if (stage !== null) copyBuilt(source, to)
    else copyAsItIs(path.join(REPOSITORY, source), destination.endsWith('/') ? path.join(to, source) : to)
  }
  const node = path.join(root, 'node')
  share(process.execPath, node)
  // Without links to the repository's own files, whose rights must stay.
  execFileSync('chmod', ['-R', 'a+rX,a-w', ...image.copies.filter(([stage]) => stage === null).map(([, source]) => path.join(app, source))])
  const [uid, gid] = process.getuid?.() === 0 ? image.user.split(':').map(Number) : [process.getuid?.(), process.getgid?.()]
  const volumes = Object.fromEntries(
    image.volumes.map(volume => {
      const place = path.join(root, 'volumes', volume)
      mkdirSync(place, { recursive: true })
      execFileSync('chown', [`${uid}:${gid}`, place])
      chmodSync(place, 0o700)
      return [volume, place]
    }),
  )
  chmodSync(app, 0o555)
  return {
    image,
    app,
    volumes,
    run([file = '', ...args], environment) {
      const env = {
        PATH: '/usr/bin:/bin',
        ...inVolumes(image.environment, volumes),
        TMPDIR: volumes['/tmp']!,
        HOME: '/nonexistent',
        ...environment,
      }
      const child = spawn(file === 'node' ? node : file, args, { cwd: app, env, uid: uid!, gid: gid!, stdio: ['ignore', 'pipe', 'pipe'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
      return {
        output: () => output,
        end: signal => void child.kill(signal),
        exitCode: new Promise(resolve => child.once('close', resolve)),
      }
    },
  }
}

const inVolumes = (environment: Record<string, string>, volumes: Record<string, string>) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, volumes[value] ?? value]))

/** As `npm ci --omit=dev --omit=optional` would leave them. */
function copyDependencies(to: string): void {
  const { packages } = JSON.parse(readFileSync(path.join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>
  }
  const wanted = Object.entries(packages).filter(
    ([place, { dev, optional, devOptional }]) => place !== '' && !dev && !optional && !devOptional,
  )
  for (const [place] of wanted) {
    // A nested package comes with the one that it lies in.
    if (place.lastIndexOf('node_modules/') > 0) continue
    const destination = path.join(to, '..', place)
    mkdirSync(path.dirname(destination), { recursive: true })
    share(path.join(REPOSITORY, place), destination)
  }
}

function copyBuilt(source: string, to: string): void {
  const built = path.join(REPOSITORY, source.replace('/app/', ''))
  if (existsSync(built)) copyAsItIs(built, to)
}

/** Whether the built server or its sources run is a matter of which is newer. */
const copyAsItIs = (from: string, to: string): void => cpSync(from, to, { recursive: true, preserveTimestamps: true })

/** By links where the file system lets us, which is quick. */
function share(from: string, to: string): void {
  try {
    execFileSync('cp', ['-al', from, to], { stdio: 'ignore' })
  } catch {
    rmSync(to, { recursive: true, force: true })
    execFileSync('cp', ['-a', from, to])
  }
}
