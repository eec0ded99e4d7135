import { Decoder } from '@keelson/apiserver';
import {
  applyConfiguration,
  checkConfiguration,
  type FieldOwner,
  inOrder,
  type MergeType,
  MergeTypes,
  problemsText,
  StatusError,
  setOf,
  type TrackedWrite,
  trackUpdate,
  trustManaged,
  writeManaged,
} from '@keelson/machinery';
import type { ManagedFieldsEntry } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { type Document, Documents } from '../../documents.ts';
import type { Oracle } from '../../oracle.ts';
import { type Answer, apiVersionOf, type Held, History, type Question } from './history.ts';

const rounds = 8;
/** Written as null where they are not set, or in what is. */
const unset = /^f:(last\w*Time|timeAdded|startedAt|finishedAt|containers|requiredDuringSchedulingIgnoredDuringExecution)$/;
const now = '2026-03-01T00:00:00Z';

/** Structs and pointers that Go writes even when there is nothing in them: the server that gets them as they are sees the same. */
const alwaysWritten = [
  ...[
    'extendedResourceClaimStatus',
    'nodeAllocatableResourceClaimStatuses',
    'grpc',
    'rbd',
    'cephfs',
    'scaleIO',
    'portworxVolume',
    'dataSource',
    'dataSourceRef',
  ],
  ...['lastProbeTime', 'lastTransitionTime', 'lastHeartbeatTime', 'lastUpdateTime', 'startedAt', 'finishedAt', 'projected'],
];

/** What we make of a write. */
async function written(question: Question, type: MergeType): Promise<Answer> {
  const { Ask, Live, Object: given, Force: force } = question;
  const write = writeOf(question, type);
  const fields = (Live.metadata?.managedFields ?? []) as ManagedFieldsEntry[];
  const isNew = !Live.metadata?.uid;
  if (Ask === 'update') {
    const entries = trustManaged(fields);
    const kept = !isNew && entries.length === 0 ? [] : await trackUpdate(entries, isNew ? {} : Live, given, write);
    return withFields(given, writeManaged(kept));
  }
  const problems = checkConfiguration(given, type);
  if (problems.length > 0) return { error: `failed to create typed patch object (${nameOf(question)}): ${problemsText(problems)}` };
  const live = isNew ? undefined : Live;
  const { object, entries } = await applyConfiguration({ ...write, live, entries: trustManaged(fields), config: given, force });
  return withFields(object, writeManaged(entries));
}

function writeOf({ Ask, Manager: manager, Subresource: subresource, Reset, ...kind }: Question, type: MergeType): TrackedWrite {
  const owner: FieldOwner = { manager, operation: Ask === 'apply' ? 'Apply' : 'Update', apiVersion: apiVersionOf(kind), subresource };
  const reset = setOf(...Reset.map((path) => path.map((name) => `f:${name}`)));
  return { owner, reset, now, versions: { type: () => type, convert: (object) => object } };
}

function nameOf({ Group, Version, Kind, Object: { metadata } }: Question): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${Group}/${Version}, Kind=${Kind}`;
}

function withFields(object: object, managedFields: ManagedFieldsEntry[] | undefined): Answer {
  const { metadata = {} } = object as { metadata?: object };
  return { object: { ...object, metadata: { ...metadata, managedFields } } };
}

async function answer(question: Question, type: MergeType): Promise<Answer> {
  try {
    return await written(question, type);
  } catch (error) {
    const causes = error instanceof StatusError ? error.status.details?.causes : undefined;
    return { error: (error as Error).message, ...(causes ? { causes } : {}) };
  }
}

/** Ours as Go would write it. */
async function typed(oracle: Oracle, questions: readonly Question[], answers: readonly Answer[]): Promise<readonly Answer[]> {
  const asked = answers.map(({ object = {} }, i) => ({ ...(questions[i] as Question), Ask: 'typed', Object: object }));
  const told = (await oracle.ask(asked)) as readonly Answer[];
  return answers.map((answered, i) => (answered.object ? (told[i] as Answer) : answered));
}

/** Updates as Go would write them: what a field holds that says nothing is not the matter here. */
async function asWritten(oracle: Oracle, questions: readonly Question[]): Promise<readonly Question[]> {
  const told = (await oracle.ask(questions.map((question) => ({ ...question, Ask: 'typed' })))) as readonly Answer[];
  return questions.map((question, i) =>
    question.Ask === 'update' ? { ...question, Object: withoutNothing(told[i]?.object ?? {}) as Held } : question,
  );
}

/** What is stored, as we hold it. */
function shaped(decoder: Decoder, question: Question): Question {
  const { Ask, Kind: kind, typeName, Live, Object: given } = question;
  const shape = (object: Held): Held =>
    decoder.decode(
      { kind, apiVersion: apiVersionOf(question), typeName },
      withoutNothing(object),
      { type: 'patch', complaints: [] },
      'Ignore',
    ).object as Held;
  return { ...question, Live: Live.metadata?.uid ? shape(Live) : {}, Object: Ask === 'update' ? shape(given) : given };
}

/** An answer as it is compared: upstream names conflicts by manager in any order, and its times are those of now. */
function plain({ object, error, causes }: Answer, question: Question): unknown {
  if (error?.startsWith('failed to create typed patch')) return { error: faults(error) };
  if (error !== undefined) return { error, causes: causes?.map(({ message, field }) => `${message}: ${field}`).sort() };
  const before = new Set((question.Live.metadata?.managedFields ?? []).map(({ time }) => time));
  const entries = (object?.metadata?.managedFields ?? []).map((entry) => ({
    ...entry,
    time: entry.time === undefined || before.has(entry.time) ? entry.time : 'now',
  }));
  const { managedFields: _, ...metadata } = object?.metadata ?? {};
  return inOrder({ entries, object: withoutNothing({ ...object, metadata }) });
}

/** Several may be named in any order, and a field that is none may keep upstream from looking on. */
function faults(error: string): readonly string[] {
  const lines = error.replace(/^.*?\): (errors:\n)?/, '').split('\n');
  const undeclared = lines.filter((line) => line.includes('field not declared'));
  return (undeclared.length > 0 ? undeclared : lines).map((line) => line.trim().replaceAll('={}', '=')).sort();
}

/** Go writes some lists and times that are not there as null. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && !(Array.isArray(inner) && inner.length === 0));
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutNothing(inner)]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Without the times and the required lists that are owned, and what holds nothing then. */
function withoutUnset(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnset).filter((item) => !isObject(item) || !('manager' in item) || 'fieldsV1' in item);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !unset.test(name));
  const entries = kept.map(([name, inner]) => [name, withoutUnset(inner)] as const);
  const lost = (inner: unknown, [name]: readonly [string, unknown]): boolean =>
    JSON.stringify(inner) === '{}' && JSON.stringify((value as Document)[name]) !== '{}';
  return Object.fromEntries(entries.filter(([name, inner]) => !lost(inner, [name, inner])));
}

function reasonFor({ theirs, ours }: Difference): string | undefined {
  const { error } = theirs as { error?: string };
  if (error && /^failed to (convert|create typed live|create manager)/.test(error))
    return 'an object whose list items cannot be told apart: upstream gives its account up, we do not';
  const both = [theirs, ours].map((each) => JSON.stringify(withoutUnset(each)));
  return both[0] === both[1]
    ? 'Go writes times that are not set, and required lists that are empty, as null, and so they are owned; we leave them out'
    : undefined;
}

/** Whose the fields are after random updates and applies of several writers, and what they are refused. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const schemas = await loadSchemas();
  const types = new MergeTypes(schemas);
  const decoder = await Decoder.load();
  const documents = new Documents(schemas, random, { depth: 6, without: alwaysWritten });
  const histories = Array.from({ length: Math.ceil(cases / rounds) }, () => new History(documents));
  const differences: Difference[] = [];
  let asked = 0;
  for (let round = 0; round < rounds; round++) {
    const questions = await asWritten(
      oracle,
      histories.map((history) => history.next()),
    );
    const theirs = (await oracle.ask(questions)) as readonly Answer[];
    const own = await Promise.all(
      questions.map((question) => answer(shaped(decoder, question), types.named(question.typeName) as MergeType)),
    );
    const ours = await typed(oracle, questions, own);
    const outcome = differing(
      questions,
      theirs.map((each, i) => plain(each, questions[i] as Question)),
      ours.map((each, i) => plain(each, questions[i] as Question)),
      reasonFor,
    );
    asked += outcome.asked;
    differences.push(...outcome.differences);
    for (const [i, history] of histories.entries()) history.went(theirs[i] as Answer);
  }
  return { asked, differences };
};
