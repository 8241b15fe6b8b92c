import { parentPort, workerData } from 'node:worker_threads'

// A thread of the parsing process. A parser that is busy runs no timer, and a process that is out of memory asks nobody: this thread ends
// the process when it has grown too large, has had its time, or has lost the process that it works for.

interface Limits {
  rssBytes: number
  milliseconds: number
  parentPid: number
}

const LOOK_EVERY_MS = 20

const { rssBytes, milliseconds, parentPid } = workerData as Limits
const until = performance.now() + milliseconds
setInterval(() => {
  const tooLarge = process.memoryUsage.rss() > rssBytes
  if (tooLarge || performance.now() > until || process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
parentPort?.postMessage('watching')
