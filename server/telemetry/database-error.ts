interface DatabaseError extends Error {
  code: string
  table?: string
  constraint?: string
}

/** PostgreSQL's messages may hold values of rows; its code and the names of its own things hold none. */
export const isOfDatabase = (error: unknown): error is DatabaseError => error instanceof Error && 'severity' in error && 'code' in error

export const databaseWords = ({ code, table, constraint }: DatabaseError): string =>
  [`SQLSTATE ${code}`, table && `table ${table}`, constraint && `constraint ${constraint}`].filter(Boolean).join(', ')
