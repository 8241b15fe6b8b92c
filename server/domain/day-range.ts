import { invalid } from './refusal.ts'

/** Days as `YYYY-MM-DD`, which sort as they follow each other. `path` names the field of the later one. */
export function requireOrder(path: string, first: string | undefined, last: string | undefined): void {
  if (first !== undefined && last !== undefined && last < first) throw invalid(path, 'must not be before the first day')
}
