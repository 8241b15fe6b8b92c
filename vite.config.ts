import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  root: 'web',
  plugins: [react(), compressed()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing of the page may stand inline: the content policy allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
})

/** Beside each text file its brotli and gzip, so that the server sends them without any work. Last of all: until then the code still changes. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = '' }, bundle) {
      for (const name of Object.keys(bundle).filter(each => /\.(js|css)$/.test(each))) {
        const source = await readFile(path.join(dir, name))
        await writeFile(path.join(dir, `${name}.br`), brotliCompressSync(source))
        await writeFile(path.join(dir, `${name}.gz`), gzipSync(source))
      }
    },
  }
}
