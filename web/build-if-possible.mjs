// `npm ci` builds the page with this. An installation without development dependencies brings no builder, and serves what was built before.
const vite = await import('vite').catch(() => null)
if (vite) await vite.build({ logLevel: 'warn' })
else process.stderr.write('The page is not built here: its builder is a development dependency.\n')
