export interface Mail {
  to: string
  subject: string
  text: string
}

export interface Mailer {
  send(mail: Mail): Promise<void>
}

const CONNECT_MS = 10_000
const SILENCE_MS = 30_000

async function transportTo(url: string) {
  const { createTransport } = await import('nodemailer')
  return createTransport({ url, connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS, socketTimeout: SILENCE_MS })
}

/** Greets the server and signs in to it; sends nothing. */
export async function checkSmtp(url: string): Promise<void> {
  const transport = await transportTo(url)
  await transport.verify().finally(() => transport.close())
}

/** By SMTP. The library is loaded with the first mail. */
export function smtpMailer(url: string, from: string): Mailer {
  let transport: ReturnType<typeof transportTo> | null = null
  return {
    async send(mail) {
      transport ??= transportTo(url)
      await (await transport).sendMail({ ...mail, from })
    },
  }
}

/** For development: whoever reads the log is who gets the mail. */
export const logMailer = (log: { warn(fields: object, message: string): void }): Mailer => ({
  async send({ to, text }) {
    log.warn({ source: 'accounts', to, text }, 'a mail that nobody sends, since SMTP_URL is not set')
  },
})
