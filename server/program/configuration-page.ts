import { describeVariables, type VariableDescription } from '../config.ts'

// The two files that are made from the schema of the variables, so that neither can fall behind.

const MADE = 'Made from server/config.ts by "npm run docs:configuration"; do not edit.'

export const configurationPage = (): string =>
  [
    '# Configuration',
    '',
    `<!-- ${MADE} -->`,
    '',
    'Everything is set by environment variables; an empty one counts as unset. Wrong values are all named at once at the start, never shown.',
    '',
    '| variable | default | what it does |',
    '|---|---|---|',
    ...describeVariables().map(
      row => `| \`${row.name}\` | ${row.fallback === null ? '' : `\`${row.fallback}\``} | ${row.about}${row.secret ? ' Secret.' : ''} |`,
    ),
    '',
  ].join('\n')

export const environmentExample = (): string => [`# ${MADE}`, '', ...describeVariables().flatMap(exampleLines)].join('\n')

const exampleLines = ({ name, about, fallback }: VariableDescription): string[] => [`# ${about}`, `#${name}=${fallback ?? ''}`, '']
