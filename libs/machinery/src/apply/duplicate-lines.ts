import { isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml';

/** A key that stands more than once in its map, and the line (from 1) where it does so again. */
export interface DuplicateKey {
  readonly line: number;
  readonly key: string;
}

/** Keys that stand more than once in YAML or JSON, in order of appearance. None in text that cannot be read. */
export function duplicateLines(text: string): DuplicateKey[] {
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent', lineCounter: lines });
  const found: DuplicateKey[] = [];
  if (errors.length === 0) collect(contents, lines, found);
  return found;
}

function collect(node: ParsedNode | null, lines: LineCounter, found: DuplicateKey[]): void {
  if (isSeq(node)) for (const item of node.items) collect(item as ParsedNode, lines, found);
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    if (isScalar(key)) {
      const name = String(key.value);
      if (seen.has(name)) found.push({ line: lines.linePos(key.range?.[0] ?? 0).line, key: name });
      seen.add(name);
    }
    collect(value as ParsedNode | null, lines, found);
  }
}
