import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Child {
  pid: number
  url: string
  end(): Promise<void>
}

/** A program of the bench as a process of its own; it tells its port once it listens. */
export async function startChild(file: string | URL, args: string[] = []): Promise<Child> {
  const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [port] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [null])])) as [number | null]
  if (port === null) throw new Error(`${file} did not start`)
  return { pid: child.pid!, url: `http://127.0.0.1:${port}`, end: () => endProcess(child, 'SIGTERM') }
}

/** A program that knows nothing of the bench, once it has said what it is waited for; that is told, too. */
export async function startAnnounced(
  [command, ...args]: [string, ...string[]],
  environment: Record<string, string>,
  announced: RegExp,
): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
    output += piece
    const found = announced.exec(output)
    if (!found) continue
    // Read on: a program whose output nobody reads stops.
    child.stdout.resume()
    return { child, said: found[0] }
  }
  throw new Error(`${command} ${args.join(' ')} did not start: ${output}`)
}

export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
