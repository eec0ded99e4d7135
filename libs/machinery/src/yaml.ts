import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  type Tags,
  visit,
  type YAMLError,
} from 'yaml';

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

/** Copies that aliases may make; past it the document is an attack. */
const aliasLimit = 1000;

/** What YAML 1.1 has and go-yaml reads as plain strings and numbers. */
const unread = /:(?:timestamp|binary|omap|pairs|set)$/;

/**
 * Reads the first YAML or JSON document as sigs.k8s.io/yaml does: YAML 1.1 words (`yes`, `off`), all keys become strings, timestamps stay
 * strings. Empty text is null.
 * @throws Error `error converting YAML to JSON: yaml: line N: …`.
 */
export function parseYaml(text: string): YamlDocument {
  return parseYamlDocuments(text)[0] ?? { value: null, duplicates: [] };
}

/** Reads all documents of a stream, YAML with `---` between or JSON values one after another; empty ones are left out. @throws as `parseYaml`. */
export function parseYamlDocuments(text: string): YamlDocument[] {
  const values = /^\s*\{/.test(text) ? parseJsonStream(text) : undefined;
  if (values) return values.map((value) => ({ value, duplicates: [] }));
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
    customTags: (tags: Tags) =>
      tags
        .filter((tag) => typeof tag === 'string' || (!unread.test(tag.tag) && !('format' in tag && tag.format === 'TIME')))
        .map((tag) => (typeof tag === 'string' ? tag : withDigit(tag))),
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  return documents
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((document) => convert(document, lines))
    .filter(({ value }) => value !== null);
}

/** `e1` and `.` are no numbers, whatever YAML 1.1 says: go-yaml wants a digit before the exponent. */
function withDigit(tag: Exclude<Tags[number], string>): Exclude<Tags[number], string> {
  if (!('test' in tag) || !tag.test || !(tag.test.test('1.') || tag.test.test('1e1'))) return tag;
  return { ...tag, test: new RegExp(`^(?=[-+]?[._]*[0-9])(?:${tag.test.source})`) };
}

/** Whole JSON values, or nothing when it is not that: it may be YAML in flow style still. */
function parseJsonStream(text: string): unknown[] | undefined {
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

function convert(document: Document.Parsed, lines: LineCounter): YamlDocument {
  const [error] = document.errors;
  if (error) throw conversionError(`line ${lines.linePos(error.pos[0]).line}: ${problem(error)}`);
  const aliased = checkAliases(document);
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

function toJs(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasLimit });
  } catch (error) {
    if (error instanceof ReferenceError) throw conversionError('document contains excessive aliasing');
    throw conversionError((error as Error).message);
  }
}

function conversionError(message: string): Error {
  return new Error(`error converting YAML to JSON: yaml: ${message}`);
}

/** libyaml's words for the parser's complaint. */
const problems: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_DIRECTIVE: 'found unknown directive name',
  BAD_INDENT: 'did not find expected key',
  UNEXPECTED_TOKEN: 'did not find expected key',
  BAD_DQ_ESCAPE: 'found unknown escape character',
};

function problem({ code, message }: YAMLError): string {
  if (code === 'MISSING_CHAR' && /quote/.test(message)) return 'found unexpected end of stream';
  if (code === 'MISSING_CHAR' || code === 'BAD_INDENT') {
    const bracket = /[\]}]/.exec(message)?.[0];
    if (bracket) return `did not find expected ',' or '${bracket}'`;
  }
  return problems[code] ?? message;
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
