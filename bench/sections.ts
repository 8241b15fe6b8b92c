import type { SectionResult } from './results.ts'
import { burst } from './sections/burst.ts'
import { closes } from './sections/closes.ts'
import { councils } from './sections/councils.ts'
import { light } from './sections/light.ts'
import { lists } from './sections/lists.ts'
import { memory } from './sections/memory.ts'
import { saturation } from './sections/saturation.ts'
import { starts } from './sections/starts.ts'
import type { Stage } from './stage.ts'

/** By the letters of the work that was promised. */
export const sections: Record<string, (stage: Stage) => Promise<SectionResult>> = {
  a: light,
  b: burst,
  c: saturation,
  d: memory,
  e: councils,
  f: closes,
  g: lists,
  h: starts,
}

/** Seeding ten million rows takes minutes, so (g) runs only where it is asked for. */
export const usualSections = Object.keys(sections).filter(key => key !== 'g')
