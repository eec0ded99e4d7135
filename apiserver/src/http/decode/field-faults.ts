import type { DuplicateKey } from '@keelson/machinery';
import { duplicateFields, eachKey } from './duplicates.ts';

/** Where an object comes from, and what is wrong with its fields that only its text can tell. */
export type Source =
  | { readonly type: 'json'; readonly text: string; readonly duplicates: readonly string[] }
  /** Complaints are told before all else, each as a warning of its own. */
  | { readonly type: 'yaml' | 'patch'; readonly complaints: readonly string[] };

export const noComplaints: Source = { type: 'patch', complaints: [] };

/** What is told of the fields of an object: as warnings, or as the one text of a refusal. */
export interface FieldFaults {
  readonly warnings: readonly string[];
  readonly text: string;
}

export function jsonSource(text: string): Source {
  return { type: 'json', text, duplicates: duplicateFields(text) };
}

/** What go-yaml says of keys that stand twice, a line each. */
export function yamlComplaints(duplicates: readonly DuplicateKey[]): string[] {
  return duplicates.map(({ line, key }) => `line ${line}: key ${JSON.stringify(key)} already set in map`);
}

/** All of those lines as the one error of go-yaml. */
export function yamlError(complaints: readonly string[]): string {
  return `yaml: unmarshal errors:${complaints.map((line) => `\n  ${line}`).join('')}`;
}

/** What an array of JSON patch operations holds that no operation has, and what one has twice. */
export function jsonPatchComplaints(text: string): string[] {
  const told: string[] = [];
  eachKey(text, (pathOf, again) => {
    const path = pathOf();
    const name = /^\[\d+\]\.([^.[]+)$/.exec(path)?.[1];
    if (name === undefined) return;
    if (!patchMembers.has(name)) told.push(`json patch unknown field "${path}"`);
    else if (again) told.push(`json patch duplicate field "${path}"`);
  });
  return [...new Set(told)];
}

const patchMembers = new Set(['op', 'path', 'from', 'value']);

/**
 * Faults in upstream's order: a built-in kind's JSON tells them as they stand in the text, and of a field that is unknown not that it
 * stands twice; everything else has its own complaints first, then unknown fields as sorted keys have them.
 * @param unknown paths of fields that were dropped, in the order of the object.
 */
export function fieldFaults(source: Source, unknown: readonly string[], custom: boolean): FieldFaults {
  if (source.type === 'json' && !custom) return told(ofText(inDocumentOrder(source, unknown)));
  const rest = unknown.toSorted(comparePaths).map(unknownField);
  if (source.type === 'json') return told([...ofText(source.duplicates.map(duplicateField)), ...rest]);
  const { complaints } = source;
  if (source.type === 'patch' || complaints.length === 0) return told([...complaints, ...rest]);
  return { warnings: [...complaints, ...rest], text: [yamlError(complaints), ...rest].join(', ') };
}

/** What is told of a JSON text: each fault once, and no more than a hundred. As upstream. */
function ofText(faults: readonly string[]): string[] {
  return [...new Set(faults)].slice(0, 100);
}

function told(warnings: readonly string[]): FieldFaults {
  return { warnings, text: warnings.join(', ') };
}

const unknownField = (path: string): string => `unknown field "${path}"`;
export const duplicateField = (path: string): string => `duplicate field "${path}"`;

function inDocumentOrder({ text, duplicates }: Extract<Source, { type: 'json' }>, unknown: readonly string[]): string[] {
  if (duplicates.length === 0) return unknown.map(unknownField);
  const all: string[] = [];
  const dropped = new Set(unknown);
  const left = new Set(unknown);
  eachKey(text, (pathOf, again) => {
    const path = pathOf();
    if (left.delete(path)) all.push(unknownField(path));
    else if (again && !isWithin(path, dropped)) all.push(duplicateField(path));
  });
  return all;
}

/** Whether a path, or one that it goes on from, is among these. */
function isWithin(path: string, places: ReadonlySet<string>): boolean {
  if (places.has(path)) return true;
  for (let at = 1; at < path.length; at++) if ((path[at] === '.' || path[at] === '[') && places.has(path.slice(0, at))) return true;
  return false;
}

/** As keys sorted at every level stand; the metadata of objects within objects is looked at last. */
function comparePaths(a: string, b: string): number {
  return Number(isEmbeddedMeta(a)) - Number(isEmbeddedMeta(b)) || compareSteps(a.split(steps), b.split(steps));
}

const steps = /[.[\]]+/;

function isEmbeddedMeta(path: string): boolean {
  return /.\.metadata\.[^.]+$/.test(path);
}

function compareSteps(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((step, i) => step !== b[i]);
  if (at < 0) return a.length - b.length;
  const [one = '', other = ''] = [a[at], b[at]];
  return Number(one) - Number(other) || (one < other ? -1 : 1);
}
