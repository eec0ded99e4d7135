import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type ScalarTag,
  type Tags,
  visit,
} from 'yaml';
import { goSyntax } from './go-text.ts';
import { yamlFault } from './yaml-fault.ts';

/** One document as plain data, and the keys that stand more than once in their map (the last one counts). */
export interface YamlDocument {
  readonly value: unknown;
  readonly duplicates: readonly YamlDuplicate[];
}

export interface YamlDuplicate {
  readonly path: string;
  /** As it is written. */
  readonly key: string;
  /** From 1: where it stands again. */
  readonly line: number;
}

/** The type of maps that go-yaml reads. */
const yamlMap = 'map[interface {}]interface {}';

/** Copies that aliases may make; past it the document is an attack. */
const aliasLimit = 1000;

/** What YAML 1.1 has and go-yaml reads as plain strings and numbers. */
const unread = /:(?:timestamp|binary|omap|pairs|set)$/;

/**
 * Reads the first YAML or JSON document, whatever comes after it, as sigs.k8s.io/yaml does: YAML 1.1 words (`yes`, `off`), all keys become strings, timestamps stay
 * strings. Empty text is null.
 * @throws Error `error converting YAML to JSON: yaml: line N: …`.
 */
export function parseYaml(text: string): YamlDocument {
  const [value] = jsonValues(text) ?? [];
  if (value !== undefined) return { value, duplicates: [] };
  const { documents, lines } = yamlDocuments(text);
  return documents[0]
    ? convert(documents[0], { lines, text }, text.endsWith('\n') ? undefined : text.length)
    : { value: null, duplicates: [] };
}

/** Reads all documents of a stream, YAML with `---` between or JSON values one after another; empty ones are left out. @throws as `parseYaml`. */
export function parseYamlDocuments(text: string): YamlDocument[] {
  const values = jsonValues(text);
  if (values) return values.map((value) => ({ value, duplicates: [] }));
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  const { documents, lines } = yamlDocuments(ended);
  return documents
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((document) => convert(document, { lines, text: ended }))
    .filter(({ value }) => value !== null);
}

function yamlDocuments(text: string): { readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    version: '1.1',
    schema: 'yaml-1.1',
    merge: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
    customTags: (tags: Tags) => [
      ...tags
        .filter((tag) => typeof tag === 'string' || (!unread.test(tag.tag) && !('format' in tag && tag.format === 'TIME')))
        .map((tag) => (typeof tag === 'string' ? tag : withDigit(tag))),
      octal,
      binary,
    ],
  });
  return { documents: Array.isArray(parsed) ? parsed : [], lines };
}

/** YAML 1.2's way to write file modes, which go-yaml takes too. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => Number.parseInt(text.replaceAll('_', '').replace('0o', ''), 8),
};

/** Text that is written in base64. */
const binary: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve(text, complain) {
    try {
      return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
    } catch {
      complain('!!binary value contains invalid base64 data');
      return text;
    }
  },
};

/** `e1` and `.` are no numbers, whatever YAML 1.1 says: go-yaml wants a digit before the exponent. */
function withDigit(tag: Exclude<Tags[number], string>): Exclude<Tags[number], string> {
  if (!('test' in tag) || !tag.test || !(tag.test.test('1.') || tag.test.test('1e1'))) return tag;
  return { ...tag, test: new RegExp(`^(?=[-+]?[._]*[0-9])(?:${tag.test.source})`) };
}

/** Whole JSON values, or nothing when it is not that: it may be YAML in flow style still. */
function jsonValues(text: string): unknown[] | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const values: unknown[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  let [depth, start] = [0, 0];
  try {
    for (let match = token.exec(text); match; match = token.exec(text)) {
      if (match[0] === '{' || match[0] === '[') depth++;
      else if (match[0] === '}' || match[0] === ']') depth--;
      if (depth > 0 || match[0].startsWith('"')) continue;
      values.push(JSON.parse(text.slice(start, token.lastIndex)));
      start = token.lastIndex;
    }
  } catch {
    return undefined;
  }
  return text.slice(start).trim() === '' ? values : undefined;
}

interface Source {
  readonly lines: LineCounter;
  readonly text: string;
}

/** @param end of the text, where its last line is without a break; who reads streams gives every line one. */
function convert(document: Document.Parsed, { lines, text }: Source, end = Number.POSITIVE_INFINITY): YamlDocument {
  if (document.errors.length > 0) throw conversionError(yamlFault(document.errors, lines, text));
  const aliased = checkAliases(document);
  checkScalars(document, end);
  const value = toJs(document);
  // What an alias repeats is shared in memory: whoever changes one copy must not change the others.
  return { value: aliased ? JSON.parse(JSON.stringify(value)) : value, duplicates: duplicates(document.contents, '', lines) };
}

/**
 * Whether there are aliases. They are counted and looked up here, in one walk: the library looks through the whole document for each, so
 * that a few kilobytes of them take minutes. @throws Error for too many, or one without an anchor before it.
 */
function checkAliases(document: Document.Parsed): boolean {
  const anchors = new Set<string>();
  let count = 0;
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) return void ('anchor' in node && node.anchor !== undefined && anchors.add(node.anchor));
      if (++count > aliasLimit) throw conversionError('document contains excessive aliasing');
      if (!anchors.has(node.source)) throw conversionError(`unknown anchor '${node.source}' referenced`);
    },
  });
  return count > 0;
}

/**
 * Keys become text, numbers stay such only where JSON has them, and blocks end as go-yaml ends them. @param end as of `convert`
 * @throws Error for a key that is no scalar or nothing at all, or a number that is none.
 */
function checkScalars(document: Document.Parsed, end: number): void {
  visit(document, {
    Pair(_, { key, value }) {
      if (isMap(key) || isSeq(key)) throw conversionError(`invalid map key: ${goSyntax(plain(key, document), yamlMap)}`);
      if (!isScalar(key) || key.value !== null) return;
      const held = isNode(value) ? plain(value, document) : null;
      throw new Error(
        `error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: <nil>, value: ${held === null ? '<nil>' : goSyntax(held, yamlMap)}`,
      );
    },
    Scalar(at, node) {
      // A block's last line has a break only if it is written.
      if (typeof node.value === 'string' && node.type?.startsWith('BLOCK') && (node.range?.[1] ?? 0) >= end)
        node.value = node.value.replace(/\n$/, '');
      if (typeof node.value !== 'number' || Number.isFinite(node.value)) return;
      const [, sign = '', name] = /^([+-]?)\.(inf|nan)$/i.exec(node.source ?? '') ?? [];
      // What is too large for a number is text.
      if (name === undefined) node.value = node.source;
      else if (at === 'key') node.value = `${sign.replace('+', '')}.${name.toLowerCase()}`;
      else throw new Error(`error converting YAML to JSON: json: unsupported value: ${/nan/i.test(name) ? 'NaN' : `${sign || '+'}Inf`}`);
    },
  });
}

function plain(node: Node, document: Document.Parsed): unknown {
  try {
    return node.toJS(document);
  } catch {
    throw conversionError(mergeProblem);
  }
}

const mergeProblem = 'map merge requires map or sequence of maps as the value';

function toJs(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasLimit });
  } catch (error) {
    if (error instanceof ReferenceError) throw conversionError('document contains excessive aliasing');
    throw conversionError(mergeProblem);
  }
}

/** As sigs.k8s.io/yaml tells what go-yaml complains of. */
function conversionError(message: string): Error {
  return new Error(`error converting YAML to JSON: yaml: ${message}`);
}

function duplicates(node: ParsedNode | null, at: string, lines: LineCounter): YamlDuplicate[] {
  if (isSeq(node)) return node.items.flatMap((item, i) => duplicates(item as ParsedNode, `${at}[${i}]`, lines));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar(key) || isAlias(key)) return [];
    const name = String(key.value);
    const path = at === '' ? name : `${at}.${name}`;
    const line = lines.linePos(key.range?.[0] ?? 0).line;
    const found = seen.has(name) ? [{ path, key: key.source ?? name, line }] : [];
    seen.add(name);
    return [...found, ...duplicates(value as ParsedNode | null, path, lines)];
  });
}
