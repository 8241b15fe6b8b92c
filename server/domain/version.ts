import { Refusal } from './refusal.ts'

/** Whether a thing is still what the caller thinks it is; always true for a caller who did not say. */
export type VersionCheck<Thing> = (thing: Thing) => boolean

export function requireVersion<Thing>(thing: Thing, isExpected: VersionCheck<Thing>): void {
  if (!isExpected(thing)) throw new Refusal('version_conflict', 'It was changed since you read it. Read it again, then repeat the change.')
}
