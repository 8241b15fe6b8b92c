import { isMainThread } from 'node:worker_threads'

// Loaded into a program before its own code, with the pid of who starts it as `?parent=`: it does not outlive that process, so that a test run that is
// interrupted, or killed, leaves nothing running.
const parent = Number(new URL(import.meta.url).searchParams.get('parent'))
if (isMainThread)
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }, 500).unref()
