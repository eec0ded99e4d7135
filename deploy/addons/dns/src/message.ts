import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  type Answer as WireRecord,
} from 'dns-packet';
import type { Question } from './zone/types.ts';

/** What of a query its answer depends on. */
export interface Query {
  readonly id: number;
  /** The header's flags, those that are copied into the answer among them. */
  readonly flags: number;
  readonly question: Question;
  /** The question section as it came: letters keep their case. */
  readonly questionBytes: Buffer;
  /** Bytes the asker takes over UDP; undefined when it knows nothing of EDNS. */
  readonly payloadSize?: number;
}

export type RCode = keyof typeof rcodes;

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** A query, the error it is answered with, or undefined for what deserves no answer. */
export type Parsed = { readonly query: Query } | { readonly error: Buffer; readonly rcode: RCode } | undefined;

const headerSize = 12;
const isResponse = 0x8000;
/** What an answer copies from the query: recursion desired and checking disabled. */
const copiedFlags = RECURSION_DESIRED | 0x10;

export function parseQuery(bytes: Buffer): Parsed {
  if (bytes.length < headerSize) return undefined;
  const flags = bytes.readUInt16BE(2);
  if (flags & isResponse) return undefined;
  if (((flags >> 11) & 0xf) !== 0) return refusal(bytes, 'NOTIMP');
  if (bytes.readUInt16BE(4) !== 1) return refusal(bytes, 'FORMERR');
  try {
    const { questions = [], additionals = [] } = decode(bytes);
    const [question] = questions;
    if (!question) return refusal(bytes, 'FORMERR');
    const questionBytes = bytes.subarray(headerSize, endOfQuestion(bytes));
    if (!['IN', 'ANY'].includes(question.class ?? 'IN') || /^(AXFR|IXFR)$/.test(question.type))
      return refusal(bytes, 'REFUSED', questionBytes);
    const options = additionals.find(({ type }) => type === 'OPT');
    const name = question.name === '.' ? '' : question.name.toLowerCase();
    return {
      query: {
        id: bytes.readUInt16BE(0),
        flags,
        question: { name, type: question.type },
        questionBytes,
        ...(options?.type === 'OPT' && { payloadSize: options.udpPayloadSize }),
      },
    };
  } catch {
    return refusal(bytes, 'FORMERR');
  }
}

/** @throws when the name is compressed, which that of a message's first question cannot be. */
function endOfQuestion(bytes: Buffer): number {
  let at = headerSize;
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    if (length > longestLabel) throw new Error('bad label');
    at += length + 1;
  }
  return at + 5;
}

const longestLabel = 63;

function refusal(bytes: Buffer, rcode: RCode, question?: Buffer): { error: Buffer; rcode: RCode } {
  const head = header({ id: bytes.readUInt16BE(0), flags: bytes.readUInt16BE(2) }, rcodes[rcode], [question ? 1 : 0, 0, 0, 0]);
  return { error: question ? Buffer.concat([head, question]) : head, rcode };
}

/** The sections of an answer. */
export interface Sections {
  readonly rcode: RCode;
  /** From our own knowledge of the zone. */
  readonly authoritative: boolean;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
  readonly additionals: readonly WireRecord[];
}

export const failure: Sections = { rcode: 'SERVFAIL', authoritative: false, answers: [], authorities: [], additionals: [] };

/** Without EDNS a UDP answer has no more than this. */
const plainUdp = 512;
/** What we say we take ourselves, as CoreDNS does. */
const ourPayloadSize = 4096;
export const streamLimit = 65_535;

/** The most bytes that an asker takes over UDP. */
export function udpLimit({ payloadSize = plainUdp }: Query): number {
  return Math.max(plainUdp, Math.min(payloadSize, ourPayloadSize));
}

/**
 * The answer as it is sent, of at most `limit` bytes. What does not fit is left out, additional records first; when answers had to be,
 * the truncation flag tells the asker to come again over TCP. Owner names are compressed against the question.
 */
export function encodeAnswer(query: Query, sections: Sections, limit: number): Buffer {
  const labels = labelsOf(query.questionBytes);
  const options = query.payloadSize === undefined ? [] : [encodeRecord(edns, [])];
  let left = limit - headerSize - query.questionBytes.length - sum(options);
  const fit = (records: readonly WireRecord[]): Buffer[] => {
    const taken: Buffer[] = [];
    for (const record of records) {
      const bytes = encodeRecord(record, labels);
      if (bytes.length > left) break;
      left -= bytes.length;
      taken.push(bytes);
    }
    return taken;
  };
  const [answers, authorities, additionals] = [fit(sections.answers), fit(sections.authorities), fit(sections.additionals)];
  const truncated = answers.length < sections.answers.length ? TRUNCATED_RESPONSE : 0;
  const flags = rcodes[sections.rcode] | truncated | (sections.authoritative ? AUTHORITATIVE_ANSWER : 0);
  const counts = [1, answers.length, authorities.length, additionals.length + options.length];
  return Buffer.concat([header(query, flags, counts), query.questionBytes, ...answers, ...authorities, ...additionals, ...options]);
}

const edns: WireRecord = {
  name: '.',
  type: 'OPT',
  udpPayloadSize: ourPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

function header({ id, flags }: Pick<Query, 'id' | 'flags'>, more: number, counts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(headerSize);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(isResponse | RECURSION_AVAILABLE | (flags & copiedFlags) | more, 2);
  for (const [index, count] of counts.entries()) bytes.writeUInt16BE(count, 4 + 2 * index);
  return bytes;
}

interface QuestionLabel {
  readonly text: string;
  /** Where it begins in the message. */
  readonly offset: number;
}

/** The labels of the question's name, in lower case. */
function labelsOf(questionBytes: Buffer): QuestionLabel[] {
  const labels: QuestionLabel[] = [];
  for (let at = 0; questionBytes[at]; at += (questionBytes[at] ?? 0) + 1) {
    const text = questionBytes.toString('utf8', at + 1, at + 1 + (questionBytes[at] ?? 0)).toLowerCase();
    labels.push({ text, offset: headerSize + at });
  }
  return labels;
}

/** A record whose owner shares its end with the question names that by its place. */
function encodeRecord(record: WireRecord, question: readonly QuestionLabel[]): Buffer {
  // With the root, a single byte, for its owner: so that another name can be put there.
  const content = encode({ answers: [{ ...record, name: '.' }] }).subarray(headerSize + 1);
  return Buffer.concat([encodeName(record.name, question), content]);
}

function encodeName(name: string, question: readonly QuestionLabel[]): Buffer {
  const labels = name === '.' || name === '' ? [] : name.split('.');
  let shared = 0;
  while (shared < labels.length && labels.at(-1 - shared) === question.at(-1 - shared)?.text) shared += 1;
  const own = labels.slice(0, labels.length - shared).map((label) => {
    const bytes = Buffer.from(label);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  const end = shared === 0 ? [0] : [0xc0, question.at(-shared)?.offset ?? 0];
  return Buffer.concat([...own, Buffer.from(end)]);
}

function sum(parts: readonly Buffer[]): number {
  return parts.reduce((size, { length }) => size + length, 0);
}

/** A question of our own to another server. */
export function encodeQuestion(id: number, { name, type }: Question): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type: type as 'A' }] });
}

/** The records of an answer from another server. @throws when it is none. */
export function decodeAnswers(bytes: Buffer): readonly WireRecord[] {
  return decode(bytes).answers ?? [];
}
