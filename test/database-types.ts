import { Kysely, PostgresDialect } from 'kysely'
import { PostgresDialect as CodegenDialect, generate } from 'kysely-codegen'
import pg from 'pg'

/** What our pools read these types as. JSON is written as text: pg would turn a JavaScript array into a Postgres array. */
const typeMapping = {
  numeric: 'string',
  timestamptz: 'string',
  date: 'string',
  int8: 'number',
  jsonb: 'ColumnType<unknown, string, string>',
}

/** The text of server/store/database.gen.ts for the schema `public` of a migrated database. */
export async function databaseTypes(config: pg.ClientConfig): Promise<string> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...config, max: 1 }) }) })
  try {
    return await generate({
      db,
      dialect: new CodegenDialect({ defaultSchemas: ['public'] }),
      includePattern: 'public.*',
      excludePattern: 'public.migrations',
      typeMapping,
      typeOnlyImports: true,
      // Left out, it would be a file inside the package.
      outFile: null,
    })
  } finally {
    await db.destroy()
  }
}
