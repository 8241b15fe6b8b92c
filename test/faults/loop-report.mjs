// Loaded into a program before its own code. One SIGUSR2 begins a measurement, the next ends it: then it says for how long, at most, one round of its
// event loop has computed meanwhile. Computed, not taken: a machine that is busy with others is not this program's fault. Only a loop that never
// rests has its rounds seen, so it spins while it measures.
let longest = null
let before

function look() {
  const now = process.threadCpuUsage()
  longest = Math.max(longest, now.user + now.system - before.user - before.system)
  before = now
}

function spin() {
  if (longest === null) return
  look()
  setImmediate(spin)
}

process.on('SIGUSR2', () => {
  if (longest === null) {
    longest = 0
    before = process.threadCpuUsage()
    setImmediate(spin)
    return say({ measuring: true })
  }
  look()
  say({ longestMs: longest / 1000 })
  longest = null
})

const say = report => process.stdout.write(`${JSON.stringify(report)}\n`)
