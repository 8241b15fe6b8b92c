import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setImmediate as nextTurnOfTheLoop } from 'node:timers/promises'
import { Command, CommanderError, Option } from 'commander'
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { type Role, roles } from '../contract/accounts.ts'
import { type Config, readConfig } from './config.ts'
import { configurationPage, environmentExample } from './program/configuration-page.ts'
import type { Finding } from './program/doctor/finding.ts'
import type { FaultReports } from './telemetry/fault-reports.ts'
import { loggedError } from './telemetry/logged-error.ts'

const FAILED = 1
const MISUSED = 2
const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 bad arguments or a data folder in use.'

type Environment = Record<string, string | undefined>

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** The `pantheon` command; without a word it serves. Each command loads what it needs, so that `--help` is quick. */
export async function runCommand(argv: string[], environment: Environment): Promise<void> {
  try {
    await pantheon(environment).parseAsync(argv.length > 2 ? argv : [...argv, 'serve'])
  } catch (error) {
    process.exitCode = exitCodeOf(error)
  }
}

function pantheon(environment: Environment): Command {
  const program = new Command('pantheon')
    .version(version)
    .description('A council of AI agents in rooms.')
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
  program.addHelpText('after', `\nWithout a command it serves. Configuration: docs/configuration.md.\n${EXIT_CODES}`)
  program
    .command('serve')
    .description('run the server until it is told to stop (Ctrl-C, SIGTERM)')
    .action(() => runServe(environment))
  program
    .command('worker')
    .description('run jobs (parsing, purging, …) beside servers that share a database, until told to stop')
    .action(() => runWorker(environment))
  program
    .command('migrate')
    .description('bring the database up to date; beside a running server, too')
    .action(() => runMigrate(environment))
  const user = program.command('user').description('local accounts')
  user
    .command('create')
    .description('make a local account, beside a running server, too; the first one is owner')
    .requiredOption('--email <address>', 'e-mail address to sign in with')
    .option('--name <name>', 'how the person is called (default: the address)')
    .addOption(new Option('--role <role>', 'what the account may do').choices([...roles]).default('user'))
    .addHelpText(
      'after',
      '\nThe password is the first line of standard input. From a terminal, or without a line, one is made and printed.',
    )
    .action((options: { email: string; name?: string; role: Role }) => runUserCreate(environment, options))
  const ledger = program.command('ledger').description('the credit ledger')
  ledger
    .command('verify')
    .description('prove that every balance is the sum of its ledger rows; exits 1 with the users that differ')
    .action(() => runLedgerVerify(environment))
  program
    .command('doctor')
    .description('examine what a server with this configuration stands on, beside a running one, too')
    .option('--url <address>', 'and how the server deployed there differs from this checkout')
    .addHelpText(
      'after',
      '\nEach enabled model with a key is asked for one token. Exit codes: 0 all is well, 1 something is not, 2 bad arguments.',
    )
    .action((options: { url?: string }) => runDoctor(environment, options.url))
  program.command('compile').description('compile the program ahead of its first start, as npm ci does').action(compile)
  program
    .command('openapi')
    .description('print the OpenAPI document; needs no database')
    .action(() => runOpenapi())
  program
    .command('configuration')
    .description('print docs/configuration.md: every variable, its default, what it does')
    .option('--write', 'write that file and .env.example instead')
    .action((options: { write?: boolean }) => runConfiguration(options.write ?? false))
  return program
}

function exitCodeOf(error: unknown): number {
  // It has said what is wrong already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
  // By name, because the module that defines it is loaded only by the commands that need it.
  const isInUse = error instanceof Error && error.name === 'DataFolderInUse'
  console.error(isInUse ? `${error.message} Stop it first, or set PANTHEON_DATA_DIR to another folder.` : wordsOf(error))
  return isInUse ? MISUSED : FAILED
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // The closing after a failure failed, too; what failed first is what helps.
  if (error instanceof SuppressedError) return wordsOf(error.suppressed)
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') return `Port ${port} on ${address} is taken by another program: set PORT to a free one.`
  return error.message
}

/** Commands that print a result log to standard error. */
function configuration(environment: Environment): { config: Config; log: Logger } {
  const config = usableConfig(environment)
  return { config, log: newLog(config, pino.destination(2)) }
}

function usableConfig(environment: Environment): Config {
  const reading = readConfig(environment)
  if (reading.kind === 'ok') return reading.config
  throw new Error(['The configuration is not usable:', ...reading.problems.map(problem => `  ${problem}`)].join('\n'))
}

const newLog = (config: Config, output: DestinationStream, hooks: LoggerOptions['hooks'] = {}): Logger =>
  pino({ level: config.LOG_LEVEL, redact: REDACTED, serializers: { err: loggedError }, base: null, hooks }, output)

/** Commands that run until they are told to stop log to standard output, and report faults where somebody wants to know. */
async function watchedConfiguration(environment: Environment): Promise<{ config: Config; log: Logger; reports: FaultReports | null }> {
  const config = usableConfig(environment)
  const { openFaultReports, reportingHooks } = await import('./program/fault-reports.ts')
  const reports = await openFaultReports(config, version)
  return { config, reports, log: newLog(config, pino.destination(1), reports ? reportingHooks(reports) : {}) }
}

/** A second net below the rule that no secret is logged at all. */
const REDACTED = [
  '*.password',
  '*.authorization',
  '*.cookie',
  '*.token',
  '*.secret',
  '*.connectionString',
  'err.detail',
  'err.where',
  'err.query',
  'err.parameters',
]

async function runServe(environment: Environment): Promise<void> {
  const { config, log, reports } = await watchedConfiguration(environment)
  const signal = signalled()
  const { openDatabaseAccess } = await import('./program/database-access.ts')
  // The embedded PostgreSQL starts in a process of its own while this one loads the rest of the program, and hears nothing meanwhile.
  const access = openDatabaseAccess(config, log)
  // Whoever waits for it hears of its failure; until then nobody does.
  access.catch(() => {})
  await nextTurnOfTheLoop()
  const { serve } = await import('./program/serve.ts')
  const program = await serve(config, version, log, text => console.log(text), { reports, access })
  flushCompileCache()
  const reason = await Promise.race([signal, program.lost])
  if (reason instanceof Error) log.error({ err: reason }, 'stopping')
  else log.info({ signal: reason }, 'stopping')
  await program.stop()
  if (reason instanceof Error) process.exitCode = FAILED
}

async function runWorker(environment: Environment): Promise<void> {
  const { config, log, reports } = await watchedConfiguration(environment)
  const signal = signalled()
  const { work } = await import('./program/worker.ts')
  const program = await work(config, version, log, text => console.log(text), reports)
  flushCompileCache()
  log.info({ signal: await signal }, 'stopping')
  await program.stop()
}

/** A signal during the start waits for its end, so that nothing stays behind; a second one ends the program at once. */
function signalled(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(FAILED))
      })
    }
  })
}

async function runMigrate(environment: Environment): Promise<void> {
  const { config, log } = configuration(environment)
  const [{ joinDatabaseAccess }, { migrate }] = await Promise.all([import('./program/database-access.ts'), import('./store/migrate.ts')])
  const access = await joinDatabaseAccess(config, log)
  try {
    const { applied, head } = await migrate(access.direct)
    console.log(applied.length === 0 ? `Nothing to do: the database is at ${head}.` : `Applied ${applied.join(', ')}.`)
  } finally {
    await access.leave()
  }
}

async function runUserCreate(environment: Environment, { email, name = email, role }: { email: string; name?: string; role: Role }) {
  const { config, log } = configuration(environment)
  const { createUserByHand } = await import('./program/user-create.ts')
  const made = await createUserByHand(config, log, { email, name, role }, process.stdin.isTTY ? null : process.stdin)
  console.log(`Made ${email}, role ${made.role}.`)
  if (made.password !== null) console.log(`Password: ${made.password}`)
}

async function runLedgerVerify(environment: Environment): Promise<void> {
  const { config, log } = configuration(environment)
  const { ledgerReport, verifyLedger } = await import('./program/ledger-verify.ts')
  const check = await verifyLedger(config, log)
  console.log(ledgerReport(check))
  if (check.differences.length > 0) process.exitCode = FAILED
}

async function runDoctor(environment: Environment, url: string | undefined): Promise<void> {
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url)) {
    console.error('--url must be an http or https address.')
    process.exitCode = MISUSED
    return
  }
  const { findingsText, isWell } = await import('./program/doctor/finding.ts')
  const findings = [...(await examinedHere(environment)), ...(url === undefined ? [] : await examinedThere(url))]
  console.log(findingsText(findings))
  if (!isWell(findings)) process.exitCode = FAILED
}

async function examinedHere(environment: Environment): Promise<Finding[]> {
  const reading = readConfig(environment)
  if (reading.kind === 'wrong') return [{ about: 'configuration', state: 'failed', words: reading.problems.join('\n') }]
  const { examineHere } = await import('./program/doctor/examine-here.ts')
  return await examineHere(reading.config, pino({ level: 'silent' }))
}

async function examinedThere(url: string): Promise<Finding[]> {
  const { examineDeployed } = await import('./program/doctor/examine-deployed.ts')
  return await examineDeployed(url, { version, document: await documentHere() })
}

/** Node keeps what it compiles for each account by itself, in a folder that the account may not be able to write to later on. */
async function compile(): Promise<void> {
  await Promise.all([
    import('./program/serve.ts'),
    import('./program/worker.ts'),
    import('./accounts/account-library.ts'),
    import('./telemetry/metrics.ts'),
    import('./program/fault-reports.ts'),
    import('redis'),
  ])
}

async function runOpenapi(): Promise<void> {
  console.log(JSON.stringify(await documentHere(), null, 2))
}

async function documentHere(): Promise<unknown> {
  // The routes are the same whatever is configured; with a secret given, none is made.
  const { config, log } = configuration({ AUTH_SECRET: 'signs nothing here', LOG_LEVEL: 'warn' })
  const { openapiDocument } = await import('./program/openapi-document.ts')
  return await openapiDocument(config, version, log)
}

function runConfiguration(write: boolean): void {
  if (!write) {
    console.log(configurationPage())
    return
  }
  mkdirSync(new URL('../docs/', import.meta.url), { recursive: true })
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage())
  writeFileSync(new URL('../.env.example', import.meta.url), environmentExample())
}
