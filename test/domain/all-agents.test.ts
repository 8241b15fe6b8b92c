import { describe, expect, it } from 'vitest'
import { wantsAllAgents } from '../../server/domain/all-agents.ts'

describe('a message', () => {
  it.each([
    'All agents, please introduce yourselves.',
    'I want all agents to answer this.',
    'Ask ALL of the agents',
    'Please ask all the available agents',
    'what do all three agents think?',
    'every agent should give one idea',
    'I need all of you on this',
    'Can you all take a look?',
    'Everyone: what is the risk?',
    'Hello. Everyone, please answer.',
    'everyone answer in one line',
    "Let's hear from everyone",
    'What does everyone think?',
    'I would like everyone to weigh in',
    'Bitte alle Agenten um ihre Meinung',
    'Ich möchte von allen Agenten hören',
    'Jeder Agent soll antworten',
    'Was meint ihr alle dazu?',
    'Alle von euch bitte',
    'I am not sure, so all agents please',
    'Not everyone agrees. All agents, what now?',
  ])('asks for all agents: %s', message => {
    expect(wantsAllAgents(message)).toBe(true)
  })

  it.each([
    'Not all agents need to answer',
    'not every agent, just one',
    "Don't ask all agents",
    'Please do not let everyone answer',
    'Write a mail to everyone in the company',
    'Everyone knows that water is wet, why?',
    'Thank you all',
    'All the best',
    'All about agents and contracts',
    'Small agents of change',
    'overall agents',
    'all agents except the critic',
    'All agents but @writer',
    'one agent instead of all agents',
    'nicht alle Agenten',
    'Bitte nicht jeder Agent',
    'alle Agenten außer dem Kritiker',
    'Which agents are there?',
    'What is 2 + 2?',
    '',
  ])('leaves the choice to the manager: %s', message => {
    expect(wantsAllAgents(message)).toBe(false)
  })

  it.each(['all ', 'all the of ', 'not all agents ', 'every', ' ', 'everyone '])('of a mebibyte of %j is read in linear time', part => {
    const started = performance.now()
    wantsAllAgents(part.repeat(2 ** 20 / part.length))
    wantsAllAgents(`all${' '.repeat(2 ** 20)}agents`)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
