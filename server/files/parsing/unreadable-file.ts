/** A file that cannot be parsed; the message is a sentence for people. */
export class UnreadableFile extends Error {
  override name = 'UnreadableFile'
}
