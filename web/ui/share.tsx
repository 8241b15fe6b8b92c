/** A part of the whole as a line under its name. */
export const Share = ({ part, label }: { part: number; label: string }) => (
  <meter className="share" min={0} max={1} value={part} aria-label={label} />
)
