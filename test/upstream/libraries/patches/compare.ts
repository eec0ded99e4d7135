import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  createMergePatch,
  createStrategicPatch,
  createThreeWayMergePatch,
  createThreeWayStrategicPatch,
  inOrder,
  type JsonObject,
  type JsonPatchOperation,
  PatchConflict,
  StatusError,
} from '@keelson/machinery';
import { loadSchemas, type Schemas } from '@keelson/types/schemas';
import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { type Document, Documents } from '../../documents.ts';
import { itemSchema } from './item.ts';
import { PatchMaker } from './patches.ts';

interface Type {
  readonly Group?: string;
  readonly Version?: string;
  readonly Kind?: string;
  readonly typeName: string;
}

const types: readonly Type[] = [
  { typeName: 'Item' },
  { typeName: 'Item' },
  { Version: 'v1', Kind: 'Pod', typeName: 'core.v1.Pod' },
  { Version: 'v1', Kind: 'Service', typeName: 'core.v1.Service' },
  { Version: 'v1', Kind: 'Node', typeName: 'core.v1.Node' },
  { Version: 'v1', Kind: 'ServiceAccount', typeName: 'core.v1.ServiceAccount' },
  { Group: 'apps', Version: 'v1', Kind: 'Deployment', typeName: 'apps.v1.Deployment' },
];

interface Question extends Type {
  readonly Ask: string;
  readonly Original: Document;
  readonly Modified?: Document;
  readonly Current?: Document;
  readonly Patch?: unknown;
  readonly Overwrite?: boolean;
}

type Ours = (question: Question, schemas: Schemas) => unknown;

const ours: Readonly<Record<string, Ours>> = {
  apply: ({ Original, Patch, typeName }, schemas) => applyStrategicMergePatch(Original, Patch as JsonObject, schemas, typeName),
  two: ({ Original, Modified = {}, typeName }, schemas) => createStrategicPatch(Original, Modified, schemas, typeName),
  three: ({ Original, Modified = {}, Current = {}, typeName, Overwrite }, schemas) =>
    createThreeWayStrategicPatch({ original: Original, modified: Modified, current: Current }, schemas, typeName, Overwrite),
  threeMerge: ({ Original, Modified = {}, Current = {} }) =>
    createThreeWayMergePatch({ original: Original, modified: Modified, current: Current }),
  twoMerge: ({ Original, Modified = {} }) => createMergePatch(Original, Modified),
  merge: ({ Original, Patch }) => applyMergePatch(Original, Patch),
  json: ({ Original, Patch }) => applyJsonPatch(Original, Patch as JsonPatchOperation[]),
};

/** One question of each sort. */
function ask(documents: Documents, maker: PatchMaker): Question[] {
  const type = documents.pick(types);
  const Original = documents.ofType(type.typeName);
  const Modified = documents.changed(Original, type.typeName);
  const Current = documents.changed(Original, type.typeName);
  return [
    { ...type, Ask: 'apply', Original, Patch: maker.strategic(Original, type.typeName) },
    { ...type, Ask: 'two', Original, Modified },
    { ...type, Ask: 'three', Original, Modified, Current, Overwrite: documents.chance(0.7) },
    { ...type, Ask: 'threeMerge', Original, Modified, Current },
    { ...type, Ask: 'twoMerge', Original, Modified },
    { ...type, Ask: 'merge', Original, Patch: documents.changed(Original, type.typeName) },
    { ...type, Ask: 'json', Original, Patch: maker.json(Original) },
  ];
}

function answer(question: Question, schemas: Schemas): unknown {
  try {
    return { value: ours[question.Ask]?.(question, schemas) };
  } catch (error) {
    if (error instanceof PatchConflict) return { error: 'conflict' };
    const { cause = error } = error as Error;
    const { message } = cause as Error;
    return { error: message, ...(question.Ask === 'apply' && error instanceof StatusError ? { code: error.code } : {}) };
  }
}

/**
 * An answer as it is compared. The words of JSON patches do not reach clients; which of several elements without a key is named first is
 * nobody's business.
 */
function plain({ Ask }: Question, told: unknown): unknown {
  const { error, ...answered } = told as { error?: string };
  if (error === undefined) return inOrder(answered);
  return { ...answered, error: Ask === 'json' ? 'refused' : error.replace(/^map: .* does not contain/, 'map does not contain') };
}

function reasonFor({ question, theirs, ours }: Difference): string | undefined {
  const [a, b] = [theirs, ours] as { error?: string; code?: number }[];
  const { Ask, Patch, Overwrite } = question as Question;
  if (Ask === 'json' && (Patch as JsonPatchOperation[]).some(({ op, path }) => op === 'replace' && path === ''))
    return 'Debian packages an older library, which replaces a document by a scalar without saying that it does not';
  if (Overwrite === false && a?.error?.includes('$deleteFromPrimitiveList'))
    return "apply --overwrite=false takes a list of what is to be deleted for a field: upstream's error is its own fault";
  if (a?.code === 500 && b?.code === 400) return "upstream takes some bad patches for the server's fault";
  if (a?.error === undefined || b?.error === undefined || a.code !== b.code) return undefined;
  return 'of several faults another is named, or one in the spelling of Go: nobody reads these but who wrote the patch';
}

/** Upstream's answer may depend on the order in which it walks a map, and some questions are too much for it. */
function isDefinite(answered: unknown): boolean {
  const { varies, panics } = answered as { varies?: boolean; panics?: boolean };
  return !varies && !panics;
}

/** Strategic merges, merges of three objects and JSON patches, and how they are refused. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const schemas: Schemas = { ...(await loadSchemas()), Item: itemSchema };
  const documents = new Documents(schemas, random, { depth: 4 });
  const maker = new PatchMaker(documents, schemas);
  const asked = Array.from({ length: cases }, () => ask(documents, maker)).flat();
  const told = await oracle.ask(asked);
  const definite = told.flatMap((answered, i) => (isDefinite(answered) ? [i] : []));
  const [questions, theirs] = [definite.map((i) => asked[i] as Question), definite.map((i) => plain(asked[i] as Question, told[i]))];
  return differing(
    questions,
    theirs,
    questions.map((question) => plain(question, answer(question, schemas))),
    reasonFor,
  );
};
