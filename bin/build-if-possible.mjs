// `npm ci` builds the page and the server with this. An installation without development dependencies brings no builder: it serves the page that was
// built before, and runs the server that was, or else its sources.
const vite = await import('vite').catch(() => null)
if (vite) for (const configFile of ['vite.config.ts', 'vite.server.config.ts']) await vite.build({ configFile, logLevel: 'warn' })
else process.stderr.write('Nothing is built here: the builder is a development dependency.\n')
