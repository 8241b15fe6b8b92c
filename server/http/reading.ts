import type { FastifyRequest } from 'fastify'

const READING = new Set(['GET', 'HEAD'])

/** Whether a request changes nothing, by its method. */
export const isReading = ({ method }: FastifyRequest): boolean => READING.has(method)
