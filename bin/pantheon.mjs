#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `Pantheon needs Node 24 or later; this is ${process.versions.node}. "npm start" and "npm run pantheon" use the Node 24 that "npm ci" brings along.`,
  )
  process.exit(1)
}
await import('../server/main.mjs')
