import { readFileSync, writeFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { type Logger, pino } from 'pino'
import { type Role, roles } from '../contract/accounts.ts'
import { type Config, readConfig } from './config.ts'
import { configurationPage, environmentExample } from './program/configuration-page.ts'

/** Exit codes: 0, 1 failed, 2 bad arguments or a data folder in use. */
const FAILED = 1
const MISUSED = 2

type Environment = Record<string, string | undefined>

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** The `pantheon` command. Each command loads what it needs, so that `--help` is quick. */
export async function runCommand(argv: string[], environment: Environment): Promise<void> {
  const program = new Command('pantheon')
    .version(version)
    .description('A council of AI agents in rooms.')
    .exitOverride()
    .showHelpAfterError()
  program
    .command('serve', { isDefault: true })
    .description('run the server')
    .action(() => runServe(environment))
  program
    .command('migrate')
    .description('bring the database up to date')
    .action(() => runMigrate(environment))
  const user = program.command('user').description('local accounts')
  user
    .command('create')
    .description('make a local account; the password is read from standard input, or made and printed')
    .requiredOption('--email <address>', 'e-mail address to sign in with')
    .option('--name <name>', 'how the person is called')
    .addOption(new Option('--role <role>', 'what the account may do').choices([...roles]).default('user'))
    .action((options: { email: string; name?: string; role: Role }) => runUserCreate(environment, options))
  program
    .command('openapi')
    .description('print the OpenAPI document')
    .action(() => runOpenapi(environment))
  program
    .command('configuration')
    .description('print all variables; --write renews .env.example and docs/configuration.md')
    .option('--write', 'write the two files')
    .action((options: { write?: boolean }) => runConfiguration(options.write ?? false))
  try {
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = exitCodeOf(error)
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
  console.error(error instanceof Error ? error.message : String(error))
  // By name, because the module that defines it is loaded only by the commands that need it.
  return error instanceof Error && error.constructor.name === 'DataFolderInUse' ? MISUSED : FAILED
}

function configuration(environment: Environment): { config: Config; log: Logger } {
  const reading = readConfig(environment)
  if (reading.kind === 'wrong')
    throw new Error(['The configuration is not usable:', ...reading.problems.map(problem => `  ${problem}`)].join('\n'))
  return { config: reading.config, log: pino({ level: reading.config.LOG_LEVEL, redact: REDACTED, base: null }) }
}

/** A second net below the rule that no secret is logged at all. */
const REDACTED = ['*.password', '*.authorization', '*.cookie', '*.token', '*.secret', '*.connectionString']

async function runServe(environment: Environment): Promise<void> {
  const { config, log } = configuration(environment)
  const { serve } = await import('./program/serve.ts')
  const program = await serve(config, version, log, text => console.log(text))
  const reason = await Promise.race([signalled(), program.lost])
  if (reason instanceof Error) log.error({ err: reason }, 'stopping')
  await program.stop()
  if (reason instanceof Error) process.exitCode = FAILED
}

/** A second signal ends the program at once. */
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

async function runUserCreate(environment: Environment, account: { email: string; name?: string; role: Role }): Promise<void> {
  const { config, log } = configuration(environment)
  const { createUserByHand } = await import('./program/user-create.ts')
  const made = await createUserByHand(config, log, account)
  console.log(made.password === null ? `Made ${account.email}.` : `Made ${account.email} with the password ${made.password}`)
}

async function runOpenapi(environment: Environment): Promise<void> {
  const { config, log } = configuration(environment)
  const { openapiDocument } = await import('./program/serve.ts')
  console.log(JSON.stringify(await openapiDocument(config, version, log), null, 2))
}

function runConfiguration(write: boolean): void {
  if (!write) {
    console.log(configurationPage())
    return
  }
  writeFileSync(new URL('../.env.example', import.meta.url), environmentExample())
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage())
}
