// Whether a message asks for all agents in plain words. A miss costs a routing call; a false hit costs an answer of every agent, so it reads narrowly.

const BETWEEN = '(?:(?:of|the|our|my|your|these|those|available|single|room|two|three|four|five|six|\\d{1,2})\\s{1,3}){0,3}'
const ZWISCHEN =
  '(?:(?:der|die|den|unsere[rn]?|meine[rn]?|diese[rn]?|verfügbaren|einzelnen?|zwei|drei|vier|fünf|sechs|\\d{1,2})\\s{1,3}){0,3}'
const SPEAK =
  '(?:answer|respond|reply|weigh\\s{1,3}in|chime\\s{1,3}in|comment|contribute|speak|give|share|tell|say|write|explain|introduce|please)'

const ASKS = [
  `(?:all|every|each)\\s{1,3}${BETWEEN}agents?`,
  '(?:all|each|every\\s{1,3}one)\\s{1,3}of\\s{1,3}you',
  '(?:do|does|can|could|would|will|should)\\s{1,3}you\\s{1,3}all',
  `(?:ask|asking|hear\\s{1,3}from|consult|involve|poll)\\s{1,3}every(?:one|body)`,
  `(?:let|have|want|like|need)\\s{1,3}every(?:one|body)\\s{1,3}(?:to\\s{1,3})?${SPEAK}`,
  `what\\s{1,3}(?:does|would|do)\\s{1,3}every(?:one|body)\\s{1,3}(?:think|say|suggest|recommend)`,
  `(?<=^|[.!?\\n]\\s{0,3})every(?:one|body)\\s{0,3}(?:[:,!]|\\s${SPEAK})`,
  `alle[rn]?\\s{1,3}${ZWISCHEN}(?:agenten|agentinnen|agents)`,
  `jede[rnm]?\\s{1,3}${ZWISCHEN}(?:agent|agenten|agentin)`,
  '(?:ihr|euch)\\s{1,3}allen?',
  '(?:alle|jede[rn]?)\\s{1,3}von\\s{1,3}euch',
]
const ASKS_FOR_ALL = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${ASKS.join('|')})(?![\\p{L}\\p{N}_])`, 'giu')

/** Right before such words, in the same clause, they ask for the opposite. */
const DENIED =
  /(?:\b(?:not|never|without|instead of|rather than|no need for|no need to|nicht|statt|ohne|anstatt)\b|n['’]t\b|\bkeine)[^.!?;,:\n]{0,25}$/iu
/** Right behind them, they ask for fewer. */
const REDUCED = /^\s{0,3},?\s{0,3}(?:but|except|excluding|apart from|other than|save for|außer|ausser|bis auf|ohne)(?![\p{L}])/iu

/** A wish stands near the beginning; the rest of a long message is what it is about. */
const READ_CHARACTERS = 20_000
const CONTEXT_BEFORE = 40
const CONTEXT_BEHIND = 30

/** English and German. "not all agents" and "all agents except …" leave the choice to the manager. */
export function wantsAllAgents(message: string): boolean {
  for (const match of message.slice(0, READ_CHARACTERS).matchAll(ASKS_FOR_ALL)) {
    const end = match.index + match[0].length
    const denied = DENIED.test(message.slice(Math.max(0, match.index - CONTEXT_BEFORE), match.index))
    if (!denied && !REDUCED.test(message.slice(end, end + CONTEXT_BEHIND))) return true
  }
  return false
}
