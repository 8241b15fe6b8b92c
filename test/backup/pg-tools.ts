import { spawnSync } from 'node:child_process'

const REQUIRED = Boolean(process.env.PANTHEON_TEST_DATABASE_URL)

/** Whether PostgreSQL's own tools for backups are here and as new as the server. Ours brings none along, so its first run may do without. */
export function backupToolsFit(serverVersion: number): boolean {
  const said = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const major = Number(/(\d+)(?:\.\d+)?/.exec(said)?.[1] ?? 0)
  if (major >= Math.floor(serverVersion / 10_000)) return true
  if (REQUIRED) throw new Error(`pg_dump is missing or too old for this server (${said.trim()}).`)
  console.warn('No pg_dump as new as the server: the test of backups taken under load is left out.')
  return false
}

/** Runs a command line of docs/backup.md; what it says goes to the failure. */
export function runLine(line: string, environment: Record<string, string>): void {
  const { status, stderr } = spawnSync('bash', ['-euc', line], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...environment } })
  if (status !== 0) throw new Error(`${line}\n${stderr}`)
}
