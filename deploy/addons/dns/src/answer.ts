import type { Clock, Logger } from '@keelson/base';
import {
  decodeAnswers,
  encodeAnswer,
  encodeQuestion,
  failure,
  parseQuery,
  type Query,
  type Sections,
  streamLimit,
  udpLimit,
} from './message.ts';
import type { DnsMetrics } from './metrics.ts';
import type { Transport, Upstream } from './upstream.ts';
import type { Answer, Model, ZoneRecord } from './zone/types.ts';
import { zone } from './zone/zone.ts';

export interface AnswerDeps {
  readonly model: Model;
  readonly upstream: Upstream;
  readonly metrics: DnsMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers one query, as bytes; undefined for what deserves no answer. Never throws. */
export type Answerer = (bytes: Buffer, transport: Transport) => Promise<Buffer | undefined>;

export function createAnswerer(deps: AnswerDeps): Answerer {
  return async (bytes, transport) => {
    const parsed = parseQuery(bytes);
    if (!parsed) return undefined;
    if ('error' in parsed) {
      deps.metrics.refused(parsed.rcode);
      return parsed.error;
    }
    const { query } = parsed;
    const done = deps.metrics.begin(query.question, transport, bytes.length);
    const answer = zone(deps.model, query.question);
    if (!answer) return done(await forward(deps, query, bytes, transport), 'forward');
    const sections = answer.follow === undefined ? ownSections(query, answer) : await followed(deps, query, answer, answer.follow);
    return done(encodeAnswer(query, sections, transport === 'udp' ? udpLimit(query) : streamLimit), 'kubernetes');
  };
}

async function forward({ upstream, log }: AnswerDeps, query: Query, bytes: Buffer, transport: Transport): Promise<Buffer> {
  try {
    return await upstream.ask(bytes, transport);
  } catch (error) {
    log.debug('no answer from upstream', { name: query.question.name, err: error });
    return encodeAnswer(query, failure, udpLimit(query));
  }
}

/** The addresses of a name outside the cluster that a Service of type ExternalName leads to. Without them there is still the name. */
async function followed({ upstream, log }: AnswerDeps, query: Query, answer: Answer, name: string): Promise<Sections> {
  const own = ownSections(query, answer);
  const question = encodeQuestion(query.id, { ...query.question, name });
  try {
    return { ...own, answers: [...own.answers, ...decodeAnswers(await upstream.ask(question, 'udp'))] };
  } catch (error) {
    log.debug('no answer from upstream', { name, err: error });
    return own;
  }
}

function ownSections({ id }: Query, { rcode, answers, authorities, additionals }: Answer): Sections {
  return { rcode, authoritative: true, answers: turned(answers, id), authorities, additionals };
}

/** Askers take the first address: each query, whose number is random, gets another one. A CNAME stays before what it leads to. */
function turned(records: readonly ZoneRecord[], by: number): readonly ZoneRecord[] {
  const fixed = records.filter(({ type }) => type === 'CNAME');
  const others = records.filter(({ type }) => type !== 'CNAME');
  const start = others.length === 0 ? 0 : by % others.length;
  return [...fixed, ...others.slice(start), ...others.slice(0, start)];
}
