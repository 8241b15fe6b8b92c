/**
 * An agent's name as it opens a block, labels an answer and is watched for at line starts: always one line,
 * so that a name can neither begin a line of its own nor forge another speaker's.
 */
export const speakerName = (name: string): string => name.replace(/\s+/g, ' ').trim()

/** How somebody else's answer is labelled to a model (turns.md, Messages). */
export const speakerLabel = (name: string): string => `[${speakerName(name)}]:`

/** Whose lines somebody must not speak: everybody else's. Who bears the same name cannot be told apart. */
export const otherNames = (roster: { key: string; name: string }[], speaker: { key: string; name: string }): string[] =>
  roster.filter(other => other.key !== speaker.key && speakerName(other.name) !== speakerName(speaker.name)).map(other => other.name)
