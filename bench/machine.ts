import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

/** What everything ran on, in one line. */
export function machine(): string {
  const { model } = cpus()[0]!
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${model.trim()}), ${gigabytes} GB, ${process.platform} ${release().split('-')[0]}, Node ${process.versions.node}`
}

/** The commit that was measured; with a plus when files differ from it. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
