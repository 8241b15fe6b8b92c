import { completeLockFile } from './lock-file.ts'

// npm run lock:complete, after every change of the dependencies.
completeLockFile()
