import { existsSync, readdirSync, readFileSync } from 'node:fs'

// What processes use, as Linux tells it below /proc.

const TICKS_PER_SECOND = 100

interface ProcessState {
  pid: number
  parent: number
  cpuSeconds: number
}

function stateOf(pid: number): ProcessState | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, which may hold anything, ends with the last bracket.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    // Its own user and system time, and that of the children it has waited for.
    return { pid, parent: fields[1]!, cpuSeconds: (fields[11]! + fields[12]! + fields[13]! + fields[14]!) / TICKS_PER_SECOND }
  } catch {
    return null
  }
}

const allStates = () =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => stateOf(Number(name)))
    .filter(state => state !== null)

/** A process and all below it. */
function familyOf(root: number): ProcessState[] {
  const states = allStates()
  const family = states.filter(({ pid }) => pid === root)
  for (const member of family) family.push(...states.filter(({ parent }) => parent === member.pid))
  return family
}

/** Seconds of CPU that one process has used so far. */
export const cpuSecondsOf = (pid: number): number => stateOf(pid)?.cpuSeconds ?? Number.NaN

/** A process and all below it that work for somebody. */
export interface Helper {
  root: number
  /** Of those below only the ones whose title holds this word: the backends of one database. */
  titled?: string
}

/** The same of a helper, of those that have ended meanwhile too. */
export const cpuSecondsOfHelper = (helper: Helper): number => membersOf(helper).reduce((total, { cpuSeconds }) => total + cpuSeconds, 0)

const membersOf = ({ root, titled }: Helper) => familyOf(root).filter(({ pid }) => titled === undefined || titleOf(pid).includes(titled))

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Resident memory of one process. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

/** Memory of a helper, what its processes share counted once. */
export const helperMegabytes = (helper: Helper): number =>
  membersOf(helper).reduce((total, { pid }) => {
    const rollup = `/proc/${pid}/smaps_rollup`
    const kilobytes = existsSync(rollup) ? /^Pss:\s+(\d+)/m.exec(readFileSync(rollup, 'utf8'))?.[1] : undefined
    return total + Number(kilobytes ?? 0) / 1024
  }, 0)

export const parentOf = (pid: number): number | null => stateOf(pid)?.parent ?? null
