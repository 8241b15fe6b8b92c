import { describeVariables, type VariableDescription } from '../config.ts'

// The two files that are made from the schema of the variables, so that neither can fall behind.

const MADE = 'Made from server/config.ts by "npm run docs:configuration"; do not edit.'
const READ = [
  'Everything is set by environment variables, or by a file `.env` in the working folder, which the environment wins over.',
  'An empty variable counts as unset. Wrong values are all named at once at the start, and never shown.',
]

export const configurationPage = (): string =>
  ['# Configuration', '', `<!-- ${MADE} -->`, '', ...READ, '', ...bySection(describeVariables()).flatMap(pageSection)].join('\n')

export const environmentExample = (): string =>
  [
    `# ${MADE}`,
    '# Copy it to .env and take the # off what you set. The values shown are the defaults.',
    '',
    ...bySection(describeVariables()).flatMap(exampleSection),
  ].join('\n')

type Section = [name: string, variables: VariableDescription[]]

const bySection = (variables: VariableDescription[]): Section[] => [...Map.groupBy(variables, ({ section }) => section)]

const pageSection = ([name, variables]: Section): string[] => [
  `## ${name}`,
  '',
  '| variable | default | what it does |',
  '|---|---|---|',
  ...variables.map(pageRow),
  '',
]

const pageRow = ({ name, about, fallback, secret }: VariableDescription): string =>
  `| \`${name}\` | ${fallback === null ? '' : `\`${fallback}\``} | ${about}${secret ? ' Secret.' : ''} |`

const exampleSection = ([name, variables]: Section): string[] => [`# ${name}`, '', ...variables.flatMap(exampleLines)]

const exampleLines = ({ name, about, fallback }: VariableDescription): string[] => [`# ${about}`, `#${name}=${fallback ?? ''}`, '']
