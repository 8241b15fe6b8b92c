/** UTF-16 units. A tokenizer takes quadratic time over a run without a boundary, so a slice is also the longest run it ever sees. */
const SLICE = 256

/**
 * `text` in slices of at most 256 units, cut before white space where the second half of a slice has some, else anywhere but inside a character.
 * Counted apart, slices have about as many tokens as the whole: a cut inside a run adds one or two.
 */
export function* slicesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = start + SLICE >= text.length ? text.length : start + cutOf(text.slice(start, start + SLICE))
    yield text.slice(start, end)
    start = end
  }
}

const HIGH_SURROGATE_LAST = /[\uD800-\uDBFF]$/

function cutOf(slice: string): number {
  const space = slice.search(/\s(?=\S*$)/)
  if (space >= SLICE / 2) return space
  return HIGH_SURROGATE_LAST.test(slice) ? slice.length - 1 : slice.length
}
