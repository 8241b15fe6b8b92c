import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  from: string
  to: string[]
  /** Head and body as they came, soft line breaks undone. */
  text: string
}

export interface MailServer {
  url: string
  mails: ReceivedMail[]
  /** The next mail, when it comes. */
  next(): Promise<ReceivedMail>
  close(): Promise<void>
}

/** A real SMTP server on loopback that wants a password and keeps what it is sent. */
export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  const waiting: ((mail: ReceivedMail) => void)[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, callback) {
      if (username === 'pantheon' && password === 'pass word') callback(null, { user: username })
      else callback(new Error('wrong password'))
    },
    onData(stream, { envelope }, callback) {
      let source = ''
      stream.on('data', chunk => {
        source += chunk
      })
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const mail = { from, to: envelope.rcptTo.map(({ address }) => address), text: unfolded(source) }
        mails.push(mail)
        waiting.shift()?.(mail)
        callback()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://pantheon:pass%20word@127.0.0.1:${port}`,
    mails,
    next: () => new Promise(resolve => waiting.push(resolve)),
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

/** Quoted-printable, as far as a link in plain text needs it. */
const unfolded = (source: string) =>
  /quoted-printable/i.test(source)
    ? source.replaceAll('=\r\n', '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : source
